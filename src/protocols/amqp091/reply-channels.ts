import type { Broker } from '../../broker/broker.ts';
import type { Publication } from '../../broker/publication.ts';
import { replyTo } from './address.ts';

/** A channel that consumes from `amq.rabbitmq.reply-to`. */
export interface ReplyChannel {
  deliverReply(publication: Publication): void;
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

export function removeReplyChannel(broker: Broker, address: string): void {
  channels(broker).delete(address);
}

/** The channel that an address stands for, while it consumes. */
export function replyChannel(broker: Broker, address: string): ReplyChannel | undefined {
  return channels(broker).get(address);
}
