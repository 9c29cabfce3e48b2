// Checks of the members of messages.

import { isIPv4 } from 'node:net';
import { HostError } from '../errors.ts';

/** The members of a message that were not checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** A text that matches a pattern. @throws {HostError} `message-invalid` */
export function text(fields: Fields, name: string, pattern: RegExp, lengthMax = 256): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.length > lengthMax || !pattern.test(value)) {
    throw invalid(name, value, `a text like ${pattern} of at most ${lengthMax} characters`);
  }
  return value;
}

/** Any text up to a length. @throws {HostError} `message-invalid` */
export function anyText(fields: Fields, name: string, lengthMax: number): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.length > lengthMax) {
    throw invalid(name, value, `a text of at most ${lengthMax} characters`);
  }
  return value;
}

/** A whole number. @throws {HostError} `message-invalid` */
export function whole(fields: Fields, name: string, min: number, max: number): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw invalid(name, value, `a whole number from ${min} to ${max}`);
  }
  return value;
}

/** @throws {HostError} `message-invalid` */
export function truth(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw invalid(name, value, 'true or false');
  return value;
}

/** An IPv4 address. @throws {HostError} `message-invalid` */
export function address(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || !isIPv4(value)) throw invalid(name, value, 'an IPv4 address');
  return value;
}

/** @throws {HostError} `message-invalid` */
export function object(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, value, 'an object');
  }
  return value as Fields;
}

/** A list whose members are read one by one. @throws {HostError} `message-invalid` */
export function list<T>(
  fields: Fields,
  name: string,
  countMax: number,
  read: (fields: Fields) => T,
): T[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length > countMax) {
    throw invalid(name, value, `a list of at most ${countMax}`);
  }
  return value.map((item: unknown) => read({ item }));
}

function invalid(name: string, value: unknown, allowed: string): HostError {
  // The value may be a secret.
  const found =
    typeof value === 'string'
      ? `a text of ${value.length} characters`
      : Array.isArray(value)
        ? `a list of ${value.length}`
        : value === null
          ? 'null'
          : typeof value === 'number'
            ? String(value)
            : `of type ${typeof value}`;
  return new HostError('message-invalid', `'${name}' is ${found}; expected ${allowed}`);
}
