// Names in methods.

import type { Channel } from '../channel.ts';
import { AmqpError } from '../errors.ts';
import { cleanName } from '../special-names.ts';

/** The queue that a method names. An empty name means the last declared queue. */
export function queueName(channel: Channel, name: string): string {
  if (name !== '') return cleanName(name);
  if (channel.lastQueue !== '') return channel.lastQueue;
  throw new AmqpError('not-found', 'no previously declared queue');
}
