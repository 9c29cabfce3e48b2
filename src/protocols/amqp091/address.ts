import { normalText } from '../../base/byte-text.ts';

/** The name by which a channel asks for replies without a queue of its own. */
export const replyTo = 'amq.rabbitmq.reply-to';

/** Whether the name stands for another channel that waits for a reply. */
export function isReplyAddress(name: string): boolean {
  return name.startsWith(`${replyTo}.`);
}

const lineEnd = /[\r\n]/;
const lineEnds = /[\r\n]/g;

/** A name as clients mean it: line ends that slipped in do not count, as in RabbitMQ. */
export function cleanName(name: string): string {
  // Bytes on both sides of a line end may be UTF-8 once they lie together.
  return lineEnd.test(name) ? normalText(name.replaceAll(lineEnds, '')) : name;
}
