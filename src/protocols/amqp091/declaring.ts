import type { Destination, Exchange } from '../../broker/exchanges/exchange.ts';
import type { Queue } from '../../broker/queue.ts';
import { isDurableBinding } from '../../broker/vhost.ts';
import { cleanName, isReplyAddress, replyChannel, replyTo } from './address.ts';
import type { Channel } from './channel.ts';
import type {
  ExchangeBind,
  ExchangeDeclare,
  ExchangeDelete,
  ExchangeUnbind,
  QueueBind,
  QueueDeclare,
  QueueDelete,
  QueuePurge,
  QueueUnbind,
} from './codec/methods.gen.ts';
import { AmqpError } from './errors.ts';

/** `exchange.declare` */
export function exchangeDeclare(channel: Channel, method: ExchangeDeclare): void {
  const name = cleanName(method.exchange);
  const { type, durable, autoDelete, internal } = method;
  let exchange: Exchange;
  if (method.passive) {
    requireNotDefault(name);
    exchange = channel.vhost.exchange(name);
  } else {
    channel.access.require('configure', 'exchange', name);
    const alternate = method.arguments['alternate-exchange'];
    if (typeof alternate?.value === 'string') {
      channel.access.require('read', 'exchange', name);
      channel.access.require('write', 'exchange', alternate.value);
    }
    const options = { durable, autoDelete, internal, arguments: method.arguments };
    exchange = channel.vhost.declareExchange(name, type, options);
  }
  if (!method.noWait) channel.sendDefined(exchange.options.durable, { id: 0x0028000b });
}

/** `exchange.delete` */
export function exchangeDelete(channel: Channel, method: ExchangeDelete): void {
  const name = cleanName(method.exchange);
  channel.access.require('configure', 'exchange', name);
  const isDurable = channel.vhost.exchanges.get(name)?.options.durable === true;
  channel.vhost.deleteExchange(name, { ifUnused: method.ifUnused });
  if (!method.noWait) channel.sendDefined(isDurable, { id: 0x00280015 });
}

/** `exchange.bind` (RabbitMQ) */
export function exchangeBind(channel: Channel, method: ExchangeBind): void {
  requireNotDefault(method.destination);
  const destination = channel.vhost.exchange(cleanName(method.destination));
  const isDurable = bind(channel, destination, method.source, method.routingKey, method, true);
  if (!method.noWait) channel.sendDefined(isDurable, { id: 0x0028001f });
}

/** `exchange.unbind` (RabbitMQ) */
export function exchangeUnbind(channel: Channel, method: ExchangeUnbind): void {
  requireNotDefault(method.destination);
  const destination = channel.vhost.exchanges.get(cleanName(method.destination));
  const isDurable =
    destination !== undefined &&
    bind(channel, destination, method.source, method.routingKey, method, false);
  if (!method.noWait) channel.sendDefined(isDurable, { id: 0x00280033 });
}

/** `queue.declare` */
export function queueDeclare(channel: Channel, method: QueueDeclare): void {
  const name = cleanName(method.queue);
  if (name === replyTo || isReplyAddress(name)) {
    declareReplyQueue(channel, name, method.noWait);
    return;
  }
  const queue = method.passive
    ? channel.vhost.queue(queueName(channel, name), channel.host)
    : declareQueue(channel, name, method);
  channel.lastQueue = queue.name;
  if (method.noWait) return;
  channel.sendDefined(queue.window.isDurable, {
    id: 0x0032000b,
    queue: queue.name,
    messageCount: queue.readyCount,
    consumerCount: queue.subscriptions.length,
  });
}

function declareQueue(channel: Channel, name: string, method: QueueDeclare): Queue {
  const { durable, exclusive, autoDelete, arguments: args } = method;
  const { access } = channel;
  if (name !== '') access.require('configure', 'queue', name);
  const target = args['x-dead-letter-exchange']?.value;
  if (typeof target === 'string') {
    access.require('read', 'queue', name);
    access.require('write', 'exchange', target);
  }
  const options = { durable, exclusive, autoDelete, arguments: args };
  return channel.vhost.declareQueue(name, options, channel.host);
}

/** Nothing is made: this answers whether the address can be consumed from, or still is. */
function declareReplyQueue(channel: Channel, name: string, noWait: boolean): void {
  if (name !== replyTo && replyChannel(channel.broker, name) === undefined) {
    throw new AmqpError('not-found', `no queue '${name}' in vhost '${channel.vhost.name}'`);
  }
  if (noWait) return;
  const consumerCount = name === replyTo ? 0 : 1;
  channel.send({ id: 0x0032000b, queue: name, messageCount: 0, consumerCount });
}

/** `queue.bind` */
export function queueBind(channel: Channel, method: QueueBind): void {
  const queue = channel.vhost.queue(queueName(channel, method.queue), channel.host);
  const key = bindingKey(channel, method);
  const isDurable = bind(channel, queue, method.exchange, key, method, true);
  if (!method.noWait) channel.sendDefined(isDurable, { id: 0x00320015 });
}

/** `queue.unbind` */
export function queueUnbind(channel: Channel, method: QueueUnbind): void {
  const queue = channel.vhost.queues.get(queueName(channel, method.queue));
  queue?.requireOwner(channel.host);
  const key = bindingKey(channel, method);
  const isDurable =
    queue !== undefined && bind(channel, queue, method.exchange, key, method, false);
  channel.sendDefined(isDurable, { id: 0x00320033 });
}

/** `queue.purge` */
export function queuePurge(channel: Channel, method: QueuePurge): void {
  const name = queueName(channel, method.queue);
  channel.access.require('read', 'queue', name);
  const queue = channel.vhost.queue(name, channel.host);
  const messageCount = queue.purge();
  if (method.noWait) return;
  channel.sendDefined(queue.window.isDurable, { id: 0x0032001f, messageCount });
}

/** `queue.delete` */
export function queueDelete(channel: Channel, method: QueueDelete): void {
  const name = queueName(channel, method.queue);
  channel.access.require('configure', 'queue', name);
  const { ifUnused, ifEmpty } = method;
  const isDurable = channel.vhost.queues.get(name)?.window.isDurable === true;
  const messageCount = channel.vhost.deleteQueue(name, channel.host, { ifUnused, ifEmpty });
  if (!method.noWait) channel.sendDefined(isDurable, { id: 0x00320029, messageCount });
}

/** The queue that a method names; an empty name means the last one declared on the channel. */
export function queueName(channel: Channel, name: string): string {
  if (name !== '') return cleanName(name);
  if (channel.lastQueue !== '') return channel.lastQueue;
  throw new AmqpError('not-found', 'no previously declared queue');
}

/** With both names empty the last queue's name is the key, too. */
function bindingKey(channel: Channel, method: QueueBind | QueueUnbind): string {
  return method.queue === '' && method.routingKey === '' ? channel.lastQueue : method.routingKey;
}

function requireNotDefault(exchange: string): void {
  if (exchange !== '') return;
  throw new AmqpError('access-refused', 'operation not permitted on the default exchange');
}

/** Binds or unbinds; returns whether the log is told of such a binding. */
function bind(
  channel: Channel,
  destination: Destination,
  sourceName: string,
  routingKey: string,
  method: Pick<QueueBind, 'arguments'>,
  isBind: boolean,
): boolean {
  const { vhost, access } = channel;
  requireNotDefault(sourceName);
  access.require('write', destination.kind, destination.name);
  access.require('read', 'exchange', cleanName(sourceName));
  if (isBind) {
    const source = vhost.exchange(cleanName(sourceName));
    vhost.bind(source, destination, routingKey, method.arguments);
    return isDurableBinding(source, destination);
  }
  const source = vhost.exchanges.get(cleanName(sourceName));
  if (source === undefined) return false;
  vhost.unbind(source, destination, routingKey, method.arguments);
  return isDurableBinding(source, destination);
}
