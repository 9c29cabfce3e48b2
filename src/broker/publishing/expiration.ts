// The time to live that the sender of an AMQP 0-9-1 message states.

import { BrokerError } from '../errors.ts';
import { expiryMsMax } from '../queue-options.ts';

/**
 * Reads a time to live, milliseconds.
 *
 * @throws {BrokerError} `precondition-failed`, with RabbitMQ's text
 */
export function readExpirationText(text: string): number {
  const problem = problemOf(text);
  if (problem === undefined) return Number(text);
  throw new BrokerError('precondition-failed', `invalid expiration '${text}': ${problem}`);
}

function problemOf(text: string): string | undefined {
  const [, number, rest = ''] = /^([+-]?\d+)(.*)$/s.exec(text) ?? [];
  if (number === undefined) return 'no_integer';
  if (rest !== '') return `{leftover_string,"${rest}"}`;
  const value = Number(number);
  if (value < 0) return `{value_negative,${number}}`;
  return value <= expiryMsMax ? undefined : `{value_too_large,${number.replace('+', '')}}`;
}
