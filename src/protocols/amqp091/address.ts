import { normalText } from '../../base/byte-text.ts';
import type { Broker } from '../../broker/broker.ts';
import type { Publication } from '../../broker/publication.ts';

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

/** A channel that consumes from `amq.rabbitmq.reply-to`. */
export interface ReplyChannel {
  /** @returns false where the channel's peer is too far behind to take it */
  deliverReply(publication: Publication): boolean;
}

const channelsOf = new WeakMap<Broker, Map<string, ReplyChannel>>();

function channels(broker: Broker): Map<string, ReplyChannel> {
  let map = channelsOf.get(broker);
  if (map === undefined) {
    map = new Map();
    channelsOf.set(broker, map);
  }
  return map;
}

/** Makes a channel reachable for replies; returns the address, which nobody can guess. */
export function addReplyChannel(broker: Broker, channel: ReplyChannel): string {
  const address = `${replyTo}.${broker.randomName()}`;
  channels(broker).set(address, channel);
  return address;
}

/** The channel no longer consumes replies. */
export function removeReplyChannel(broker: Broker, address: string): void {
  channels(broker).delete(address);
}

/** The channel that an address stands for, while it consumes. */
export function replyChannel(broker: Broker, address: string): ReplyChannel | undefined {
  return channels(broker).get(address);
}
