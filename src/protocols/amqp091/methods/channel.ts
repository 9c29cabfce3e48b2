import type { Channel } from '../channel.ts';
import { type ChannelFlow, methodIds } from '../codec/methods.gen.ts';
import { AmqpError } from '../errors.ts';
import { type Handlers, ignore } from './handlers.ts';

/** `channel.flow`: a peer that wants fewer deliveries sets a prefetch limit instead, as in RabbitMQ. */
function flow(channel: Channel, { active }: ChannelFlow): void {
  if (!active) throw new AmqpError('not-implemented', 'active=false');
  channel.send({ id: methodIds.channelFlowOk, active });
}

function open(): void {
  throw new AmqpError('channel-error', "second 'channel.open' seen");
}

/** The class `channel`, but for what opens and closes a channel; and `access`, whose one method is granted. */
export const channelHandlers = {
  [methodIds.channelOpen]: open,
  [methodIds.channelFlow]: flow,
  [methodIds.channelFlowOk]: ignore, // this side never asks
  [methodIds.accessRequest]: (channel: Channel) => {
    channel.send({ id: methodIds.accessRequestOk, ticket: 1 });
  },
} satisfies Handlers;
