/** The name by which a channel asks for replies without a queue of its own. */
export const replyTo = 'amq.rabbitmq.reply-to';

/** Whether the name stands for another channel that waits for a reply. */
export function isReplyAddress(name: string): boolean {
  return name.startsWith(`${replyTo}.`);
}

/** A name as clients mean it: line ends that slipped in do not count, as in RabbitMQ. */
export function cleanName(name: string): string {
  return name.replaceAll(/[\r\n]/g, '');
}
