// Arguments of declarations and headers of messages.

import { decodeText, textBytes } from '../base/byte-text.ts';
import { shortStringBytesMax } from '../base/bytes.ts';
import { BrokerError } from './errors.ts';

/** The type of an argument, with the names that RabbitMQ uses for AMQP 0-9-1 field values. */
export type ArgumentType =
  | 'longstr'
  | 'binary'
  | 'bool'
  | 'byte'
  | 'unsignedbyte'
  | 'short'
  | 'unsignedshort'
  | 'signedint'
  | 'unsignedint'
  | 'long'
  | 'float'
  | 'double'
  | 'decimal'
  | 'timestamp'
  | 'void'
  | 'table'
  | 'array';

/**
 * A typed value. `longstr` is text as returned by `decodeText`, `binary` is base64, `decimal` is
 * text such as `1.25`, `timestamp` is in seconds. A `long` or `timestamp` beyond 2^53 is decimal
 * text, and a `float` or `double` that JSON cannot represent is `NaN` or `Infinity` as text.
 */
export interface Argument {
  readonly type: ArgumentType;
  readonly value: string | number | boolean | null | readonly Argument[] | Arguments;
}

/** The arguments of a declaration, or the headers of a message. Names keep their order. */
export interface Arguments {
  readonly [name: string]: Argument;
}

/** Changes of arguments by name; undefined removes one. */
export interface ArgumentChanges {
  readonly [name: string]: Argument | undefined;
}

/** An empty table of arguments. */
export const noArguments: Arguments = Object.freeze({});

const classes: Partial<Record<ArgumentType, string>> = {
  byte: 'int',
  unsignedbyte: 'int',
  short: 'int',
  unsignedshort: 'int',
  signedint: 'int',
  unsignedint: 'int',
  long: 'int',
  float: 'float',
  double: 'float',
};

/** The value if it is an integer of any width, rounded beyond 2^53; otherwise undefined. */
export function wholeNumber({ type, value }: Argument): number | undefined {
  return classes[type] === 'int' ? Number(value) : undefined;
}

/**
 * Returns the same text for values that headers exchanges consider equal, and different texts for
 * others. Numbers and times are compared by value, text and bytes by their octets, and an empty
 * table equals an empty array. All other values are compared by type and value.
 */
export function comparisonKey(argument: Argument): string {
  const { type, value } = argument;
  if (classes[type] !== undefined || type === 'timestamp') return `number:${numberText(value)}`;
  if (type === 'longstr') return `text:${value}`;
  if (type === 'binary') {
    const bytes = Buffer.from(String(value), 'base64');
    return `text:${decodeText(bytes, 0, bytes.length)}`;
  }
  if (type !== 'table' && type !== 'array') return `${type}:${value}`;
  const isEmpty = Object.keys(value as object).length === 0; // the type determines the value
  return isEmpty ? 'empty' : `list:${canonical(argument)}`;
}

/**
 * Returns the same text for an `int` and a `float` with the same value. Integers beyond 2^53 are
 * text.
 */
function numberText(value: Argument['value']): string {
  return Number.isInteger(value) ? String(BigInt(value as number)) : String(value);
}

/** Whether two arguments are equal, ignoring the width of numbers. */
export function isSameArgument(a: Argument | undefined, b: Argument | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if ((classes[a.type] ?? a.type) !== (classes[b.type] ?? b.type)) return false;
  if (typeof a.value === 'object' || typeof b.value === 'object')
    return canonical(a) === canonical(b);
  return a.value === b.value;
}

/** Returns the same text for equal arguments in any order. */
export function canonicalArguments(args: Arguments): string {
  return Object.keys(args)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonical(args[name])}`)
    .join(',');
}

function canonical(argument: Argument | undefined): string {
  if (argument === undefined) return '';
  const { type, value } = argument;
  const kind = classes[type] ?? type;
  if (value === null || typeof value !== 'object') return `${kind}=${JSON.stringify(value)}`;
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  return `{${canonicalArguments(value)}}`;
}

function isArray(value: readonly Argument[] | Arguments): value is readonly Argument[] {
  return Array.isArray(value);
}

/**
 * Checks the size of arguments before they are stored.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @throws {BrokerError} `precondition-failed`
 */
export function requireSmallArguments(args: Arguments, subject: string, bytesMax: number): void {
  const bytes = argumentsBytes(args);
  if (bytes <= bytesMax) return;
  const found = `arguments of ${bytes} bytes for ${subject}`;
  throw new BrokerError('precondition-failed', `${found} are more than the ${bytesMax} allowed`);
}

/** The bytes of names and values. A number counts as eight. */
function argumentsBytes(args: Arguments): number {
  let bytes = 0;
  for (const [name, argument] of Object.entries(args)) bytes += textBytes(name) + sizeOf(argument);
  return bytes;
}

function sizeOf({ value }: Argument): number {
  if (typeof value === 'string') return textBytes(value);
  if (value === null || typeof value !== 'object') return 8;
  if (!isArray(value)) return argumentsBytes(value);
  return value.reduce((bytes, item) => bytes + sizeOf(item), 0);
}

/** Maximum length of an address or routing key in protocols with long strings. */
export const addressBytesMax = 65_535;

/**
 * Checks the length of an address or routing key.
 *
 * @param what `routing key`
 * @throws {BrokerError} `precondition-failed`
 */
export function requireAddressBytes(what: string, sizeBytes: number): void {
  if (sizeBytes <= addressBytesMax) return;
  const found = `${what} of ${sizeBytes} bytes`;
  throw new BrokerError('precondition-failed', `${found} is longer than ${addressBytesMax}`);
}

/** Whether a name or key is short enough for all protocols. */
export function isShortName(name: string): boolean {
  return name.length * 3 <= shortStringBytesMax || textBytes(name) <= shortStringBytesMax;
}

/**
 * Checks the length of a name or key.
 *
 * @param what `queue name`
 * @throws {BrokerError} `precondition-failed`
 */
export function requireShortName(what: string, name: string): void {
  if (isShortName(name)) return;
  const found = `${what} of ${textBytes(name)} bytes`;
  throw new BrokerError('precondition-failed', `${found} is longer than ${shortStringBytesMax}`);
}

function printed(argument: Argument | undefined): string {
  if (argument === undefined) return 'none';
  const { type, value } = argument;
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  return `the value '${text}' of type '${type}'`;
}

/**
 * Checks that an argument equals that of the existing queue or exchange.
 *
 * @param subject `queue 'q' in vhost '/'`
 * @throws {BrokerError} `precondition-failed`
 */
export function requireSameArgument(
  name: string,
  subject: string,
  received: Argument | undefined,
  current: Argument | undefined,
): void {
  if (isSameArgument(received, current)) return;
  const sameType =
    received !== undefined &&
    current !== undefined &&
    (classes[received.type] ?? received.type) === (classes[current.type] ?? current.type);
  const [found, allowed] = sameType
    ? [`'${received.value}'`, `'${current.value}'`]
    : [printed(received), printed(current)];
  throw new BrokerError(
    'precondition-failed',
    `inequivalent arg '${name}' for ${subject}: received ${found} but current is ${allowed}`,
  );
}

/**
 * Checks that a field of a declaration equals that of the existing queue or exchange.
 *
 * @throws {BrokerError} `precondition-failed`
 */
export function requireSameField(
  name: string,
  subject: string,
  received: string | boolean,
  current: string | boolean,
): void {
  if (received === current) return;
  throw new BrokerError(
    'precondition-failed',
    `inequivalent arg '${name}' for ${subject}: received '${received}' but current is '${current}'`,
  );
}
