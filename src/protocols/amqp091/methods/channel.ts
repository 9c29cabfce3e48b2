// The methods of class `channel`.

import type { Channel } from '../channel.ts';
import { type ChannelFlow, methodIds } from '../codec/methods.gen.ts';
import { AmqpError } from '../errors.ts';
import { type Handlers, ignore } from './handlers.ts';

/** `channel.flow` is not supported, as in RabbitMQ. Peers use a prefetch instead. */
function flow(channel: Channel, { active }: ChannelFlow): void {
  if (!active) throw new AmqpError('not-implemented', 'active=false');
  channel.send({ id: methodIds.channelFlowOk, active });
}

function open(): void {
  throw new AmqpError('channel-error', "second 'channel.open' seen");
}

/**
 * The class `channel`, except for opening and closing; and `access`, whose only method is always
 * granted.
 */
export const channelHandlers = {
  [methodIds.channelOpen]: open,
  [methodIds.channelFlow]: flow,
  [methodIds.channelFlowOk]: ignore, // the server never requests flow control
  [methodIds.accessRequest]: (channel: Channel) => {
    channel.send({ id: methodIds.accessRequestOk, ticket: 1 });
  },
} satisfies Handlers;
