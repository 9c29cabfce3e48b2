// Names in methods.

import type { Arguments } from '../../../broker/arguments.ts';
import type { Channel } from '../channel.ts';
import { AmqpError } from '../errors.ts';
import { cleanName } from '../special-names.ts';

/** The queue that a method names. An empty name means the last declared queue. */
export function queueName(channel: Channel, name: string): string {
  if (name !== '') return cleanName(name);
  if (channel.lastQueue !== '') return channel.lastQueue;
  throw new AmqpError('not-found', 'no previously declared queue');
}

/** The exchange in an argument; undefined if it is missing. */
export function exchangeArgument(
  args: Arguments,
  name: string,
  subject: string,
): string | undefined {
  const found = args[name];
  if (found === undefined || found.type === 'longstr') return found?.value as string | undefined;
  const why = `invalid type '${found.type}' for arg '${name}' in ${subject}`;
  throw new AmqpError('precondition-failed', why);
}
