// The methods of class `exchange`.

import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import { exchangeType } from '../../../broker/exchanges/types/registry.ts';
import type { Channel } from '../channel.ts';
import {
  type ExchangeBind,
  type ExchangeDeclare,
  type ExchangeDelete,
  type ExchangeUnbind,
  methodIds,
} from '../codec/methods.gen.ts';
import { cleanName } from '../special-names.ts';
import { bind, endsOf, requireNotDefault, unbind } from './bindings.ts';
import type { Handlers } from './handlers.ts';
import { exchangeArgument } from './names.ts';

/** `exchange.declare` */
function exchangeDeclare(channel: Channel, method: ExchangeDeclare): void {
  const name = cleanName(method.exchange);
  const { type, durable, autoDelete, internal } = method;
  let exchange: Exchange;
  if (method.passive) {
    requireNotDefault(name);
    exchange = channel.vhost.exchange(name);
  } else {
    channel.access.require('configure', 'exchange', name);
    requireDeclarable(type);
    const subject = describe('exchange', name, channel.vhost.name);
    const alternate = exchangeArgument(method.arguments, 'alternate-exchange', subject);
    if (alternate !== undefined) {
      channel.access.require('read', 'exchange', name);
      channel.access.require('write', 'exchange', alternate);
    }
    const options = { durable, autoDelete, internal, arguments: method.arguments };
    exchange = channel.vhost.declareExchange(name, type, options);
  }
  if (!method.noWait)
    channel.answers.sendDefined(exchange.options.durable, { id: methodIds.exchangeDeclareOk });
}

/** Refuses a reserved type with the error for an unknown type. */
function requireDeclarable(type: string): void {
  if (exchangeType(type)?.isReserved !== true) return;
  throw new BrokerError('precondition-failed', `unknown exchange type '${type}'`);
}

/** `exchange.delete` */
function exchangeDelete(channel: Channel, method: ExchangeDelete): void {
  const name = cleanName(method.exchange);
  channel.access.require('configure', 'exchange', name);
  const isDurable = channel.vhost.exchanges.get(name)?.options.durable === true;
  channel.vhost.deleteExchange(name, { ifUnused: method.ifUnused });
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: methodIds.exchangeDeleteOk });
}

/** `exchange.bind` (RabbitMQ) */
function exchangeBind(channel: Channel, method: ExchangeBind): void {
  const ends = endsOf(channel, 'exchange', method.destination, method.source);
  const isDurable = bind(channel, ends, method.routingKey, method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: methodIds.exchangeBindOk });
}

/** `exchange.unbind` (RabbitMQ) */
function exchangeUnbind(channel: Channel, method: ExchangeUnbind): void {
  const ends = endsOf(channel, 'exchange', method.destination, method.source);
  const isDurable = unbind(channel, ends, method.routingKey, method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: methodIds.exchangeUnbindOk });
}

/** The class `exchange`. */
export const exchangeHandlers = {
  [methodIds.exchangeDeclare]: exchangeDeclare,
  [methodIds.exchangeDelete]: exchangeDelete,
  [methodIds.exchangeBind]: exchangeBind,
  [methodIds.exchangeUnbind]: exchangeUnbind,
} satisfies Handlers;
