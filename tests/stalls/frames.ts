import type { Arguments } from '../../src/broker/arguments.ts';
import { methodFrame } from '../support/amqp-peer.ts';

// Frames that nobody answers, on channel 1 unless another is named.

export interface QueueKind {
  readonly durable?: boolean;
  readonly exclusive?: boolean;
}

export const declareQueue = (
  queue: string,
  { durable = false, exclusive = false }: QueueKind = {},
  args: Arguments = {},
) =>
  methodFrame(1, {
    id: 0x0032000a,
    queue,
    passive: false,
    durable,
    exclusive,
    autoDelete: false,
    noWait: true,
    arguments: args,
  });

export const declareExchange = (exchange: string, type: string) =>
  methodFrame(1, {
    id: 0x0028000a,
    exchange,
    type,
    passive: false,
    durable: false,
    autoDelete: false,
    internal: false,
    noWait: true,
    arguments: {},
  });

export const bindQueue = (queue: string, exchange: string, routingKey = '', args: Arguments = {}) =>
  methodFrame(1, { id: 0x00320014, queue, exchange, routingKey, noWait: true, arguments: args });

export const consume = (
  channel: number,
  queue: string,
  consumerTag: string,
  args: Arguments = {},
) =>
  methodFrame(channel, {
    id: 0x003c0014,
    queue,
    consumerTag,
    noLocal: false,
    noAck: false,
    exclusive: false,
    noWait: true,
    arguments: args,
  });

export const nack = (
  deliveryTag: number,
  how: { readonly multiple: boolean; readonly requeue: boolean },
) => methodFrame(1, { id: 0x003c0078, deliveryTag, ...how });
