// AMQP 0-9-1 method frames that request no answer, for tests. They are for channel 1 unless stated.

import type { Arguments } from '../../src/broker/arguments.ts';
import { methodIds } from '../../src/protocols/amqp091/codec/methods.gen.ts';
import { methodFrame } from './amqp-peer.ts';

/** The properties of a declared queue. */
export interface QueueKind {
  readonly durable?: boolean;
  readonly exclusive?: boolean;
}

/** Declares a queue, transient by default. */
export const declareQueue = (
  queue: string,
  { durable = false, exclusive = false }: QueueKind = {},
  args: Arguments = {},
) =>
  methodFrame(1, {
    id: methodIds.queueDeclare,
    queue,
    passive: false,
    durable,
    exclusive,
    autoDelete: false,
    noWait: true,
    arguments: args,
  });

/** Declares a transient exchange. */
export const declareExchange = (exchange: string, type: string) =>
  methodFrame(1, {
    id: methodIds.exchangeDeclare,
    exchange,
    type,
    passive: false,
    durable: false,
    autoDelete: false,
    internal: false,
    noWait: true,
    arguments: {},
  });

/** Binds a queue to an exchange. */
export const bindQueue = (queue: string, exchange: string, routingKey = '', args: Arguments = {}) =>
  methodFrame(1, {
    id: methodIds.queueBind,
    queue,
    exchange,
    routingKey,
    noWait: true,
    arguments: args,
  });

/** Consumes from a queue with manual acknowledgements. */
export const consume = (
  channel: number,
  queue: string,
  consumerTag: string,
  args: Arguments = {},
) =>
  methodFrame(channel, {
    id: methodIds.basicConsume,
    queue,
    consumerTag,
    noLocal: false,
    noAck: false,
    exclusive: false,
    noWait: true,
    arguments: args,
  });

/** Rejects deliveries. */
export const nack = (
  deliveryTag: number,
  how: { readonly multiple: boolean; readonly requeue: boolean },
) => methodFrame(1, { id: methodIds.basicNack, deliveryTag, ...how });
