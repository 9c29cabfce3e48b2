// The methods of class `exchange`.

import type { Exchange } from '../../../broker/exchanges/exchange.ts';
import {
  type BindingEnds,
  requireDeclarable,
  requireExchangeDeclaration,
  requireNotDefault,
} from '../../../broker/rabbitmq/permission-checks.ts';
import type { Channel } from '../channel.ts';
import {
  type ExchangeBind,
  type ExchangeDeclare,
  type ExchangeDelete,
  type ExchangeUnbind,
  methodIds,
} from '../codec/methods.gen.ts';
import { cleanName } from '../special-names.ts';
import { bind, endsOf, unbind } from './bindings.ts';
import type { Handlers } from './handlers.ts';

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
    requireExchangeDeclaration(channel.access, channel.vhost, name, method.arguments);
    const options = { durable, autoDelete, internal, arguments: method.arguments };
    exchange = channel.vhost.declareExchange(name, type, options);
  }
  if (!method.noWait)
    channel.answers.sendDefined(exchange.options.durable, { id: methodIds.exchangeDeclareOk });
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
  const isDurable = bind(channel, bindingEnds(channel, method), method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: methodIds.exchangeBindOk });
}

/** `exchange.unbind` (RabbitMQ) */
function exchangeUnbind(channel: Channel, method: ExchangeUnbind): void {
  const isDurable = unbind(channel, bindingEnds(channel, method), method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: methodIds.exchangeUnbindOk });
}

function bindingEnds(channel: Channel, method: ExchangeBind | ExchangeUnbind): BindingEnds {
  const { destination, source, routingKey } = method;
  return endsOf(channel, { kind: 'exchange', destination, source, routingKey });
}

/** The class `exchange`. */
export const exchangeHandlers = {
  [methodIds.exchangeDeclare]: exchangeDeclare,
  [methodIds.exchangeDelete]: exchangeDelete,
  [methodIds.exchangeBind]: exchangeBind,
  [methodIds.exchangeUnbind]: exchangeUnbind,
} satisfies Handlers;
