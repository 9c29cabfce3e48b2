// Special names of AMQP 0-9-1.

import { normalText } from '../../base/byte-text.ts';

/** The pseudo-queue for replies without a queue (direct reply-to). */
export const replyTo = 'amq.rabbitmq.reply-to';

/** Whether a name is the reply address of another channel. */
export function isReplyAddress(name: string): boolean {
  return name.startsWith(`${replyTo}.`);
}

const lineEnd = /[\r\n]/;
const lineEnds = /[\r\n]/g;

/** Removes line breaks from a name, as RabbitMQ does. */
export function cleanName(name: string): string {
  // Bytes on both sides of a line break may form valid UTF-8 once they are adjacent.
  return lineEnd.test(name) ? normalText(name.replaceAll(lineEnds, '')) : name;
}
