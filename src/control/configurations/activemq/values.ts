/** Decides whether the value of an attribute, its entities decoded, is allowed. */
export type ValueRule = (value: string) => boolean;

/** `true` or `false`, in any case. */
export const flag: ValueRule = (value) => /^(?:true|false)$/i.test(value);

/** A decimal integer of 32 bits. */
export const int: ValueRule = (value) => isWhole(value, 2n ** 31n);

/** A decimal integer of 64 bits. */
export const long: ValueRule = (value) => isWhole(value, 2n ** 63n);

function isWhole(value: string, limit: bigint): boolean {
  if (!/^[+-]?\d{1,19}$/.test(value)) return false;
  const number = BigInt(value.replace(/^\+/, ''));
  return number >= -limit && number < limit;
}

/** A number of bytes, or of `kb`, `mb` or `gb`. */
export const size: ValueRule = (value) =>
  /^-?\d{1,18} {0,8}(?:b|kb?|mb?|gb?)?$/i.test(value.trim());

/** A decimal number, with or without a fraction. */
export const real: ValueRule = (value) => /^[+-]?\d{1,18}(?:\.\d{1,18})?$/.test(value);

/** Any text that is not empty. */
export const text: ValueRule = (value) => value.trim().length > 0;

/** Any text. */
export const anyText: ValueRule = () => true;

/** A whole number in a range, both ends included. */
export function within(min: number, max: number): ValueRule {
  return (value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max;
}

/** One of these, exactly. */
export function oneOf(...values: readonly string[]): ValueRule {
  return (value) => values.includes(value);
}
