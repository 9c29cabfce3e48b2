// Rules for attribute values of ActiveMQ configurations.

import { configurationLimits } from '../limits.ts';

/** Whether the value of an attribute, with decoded entities, is permitted. */
export type ValueRule = (value: string) => boolean;

/** `true` or `false`, not case-sensitive. */
export const flag: ValueRule = (value) => /^(?:true|false)$/i.test(value);

/** A 32-bit decimal integer. */
export const int: ValueRule = (value) => isWhole(value, 2n ** 31n);

/** A 64-bit decimal integer. */
export const long: ValueRule = (value) => isWhole(value, 2n ** 63n);

function isWhole(value: string, limit: bigint): boolean {
  if (!/^[+-]?\d{1,19}$/.test(value)) return false;
  const number = BigInt(value.replace(/^\+/, ''));
  return number >= -limit && number < limit;
}

/** A number of bytes, optionally in `kb`, `mb` or `gb`. */
export const size: ValueRule = (value) =>
  /^-?\d{1,18} {0,8}(?:b|kb?|mb?|gb?)?$/i.test(value.trim());

/** A decimal number, with an optional fraction. */
export const real: ValueRule = (value) => /^[+-]?\d{1,18}(?:\.\d{1,18})?$/.test(value);

/** A text that is not empty. */
export const text: ValueRule = (value) => value.trim().length > 0;

/** One or more names of destinations, separated by commas. */
export const destinations: ValueRule = (value) => {
  const { destinationNameBytesMax, destinationCountMax } = configurationLimits;
  const names = value.split(',').map((name) => name.trim());
  return (
    names.some((name) => name !== '') &&
    names.length <= destinationCountMax &&
    names.every((name) => Buffer.byteLength(name) <= destinationNameBytesMax)
  );
};

/** Any text. */
export const anyText: ValueRule = () => true;

/** An integer in a range, including both bounds. */
export function within(min: number, max: number): ValueRule {
  return (value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max;
}

/** One of the given values, case-sensitive. */
export function oneOf(...values: readonly string[]): ValueRule {
  return (value) => values.includes(value);
}
