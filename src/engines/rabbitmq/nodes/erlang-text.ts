// Texts in the syntax of Erlang and of RabbitMQ's configuration.

import { isIPv4 } from 'node:net';

/** The characters of values that need no escape in either syntax. */
const plain = /^[\x20-\x7e]*$/;

/**
 * Quotes a string of an Erlang term.
 *
 * @throws {RangeError} for characters other than printable ASCII, which no path or name of ours contains
 */
export function erlangString(text: string): string {
  if (!plain.test(text)) throw new RangeError(`'${text}' contains other than printable ASCII`);
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** An IPv4 address as an Erlang term. @throws {RangeError} for another text */
export function erlangAddress(address: string): string {
  if (!isIPv4(address)) throw new RangeError(`'${address}' is no IPv4 address`);
  return `{${address.replaceAll('.', ',')}}`;
}

/**
 * Returns a value of a line of `rabbitmq.conf`.
 *
 * @throws {RangeError} for characters that would end the value, or begin a comment or a reference
 */
export function confValue(text: string): string {
  if (/^[\w./:@=+-]+$/.test(text)) return text;
  throw new RangeError(`'${text}' cannot be a value of rabbitmq.conf`);
}
