import type { Arguments } from '../../broker/arguments.ts';
import { describe } from '../../broker/errors.ts';
import type { Destination } from '../../broker/exchanges/binding.ts';
import type { Exchange } from '../../broker/exchanges/exchange.ts';
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
  QueuePurgeOk,
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
    const subject = describe('exchange', name, channel.vhost.name);
    const alternate = exchangeArgument(method.arguments, 'alternate-exchange', subject);
    if (alternate !== undefined) {
      channel.access.require('read', 'exchange', name);
      channel.access.require('write', 'exchange', alternate);
    }
    const options = { durable, autoDelete, internal, arguments: method.arguments };
    exchange = channel.vhost.declareExchange(name, type, options);
  }
  if (!method.noWait) channel.answers.sendDefined(exchange.options.durable, { id: 0x0028000b });
}

/** `exchange.delete` */
export function exchangeDelete(channel: Channel, method: ExchangeDelete): void {
  const name = cleanName(method.exchange);
  channel.access.require('configure', 'exchange', name);
  const isDurable = channel.vhost.exchanges.get(name)?.options.durable === true;
  channel.vhost.deleteExchange(name, { ifUnused: method.ifUnused });
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: 0x00280015 });
}

/** `exchange.bind` (RabbitMQ) */
export function exchangeBind(channel: Channel, method: ExchangeBind): void {
  const ends = endsOf(channel, 'exchange', method.destination, method.source);
  const isDurable = bind(channel, ends, method.routingKey, method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: 0x0028001f });
}

/** `exchange.unbind` (RabbitMQ) */
export function exchangeUnbind(channel: Channel, method: ExchangeUnbind): void {
  const ends = endsOf(channel, 'exchange', method.destination, method.source);
  const isDurable = unbind(channel, ends, method.routingKey, method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: 0x00280033 });
}

/** `queue.declare` */
export function queueDeclare(channel: Channel, method: QueueDeclare): void {
  const name = cleanName(method.queue);
  if (name === replyTo || isReplyAddress(name)) {
    declareReplyQueue(channel, name, method.noWait);
    return;
  }
  const queue = method.passive
    ? channel.vhost.queue(name, channel.host)
    : declareQueue(channel, name, method);
  queue.touch();
  channel.lastQueue = queue.name;
  if (method.noWait) return;
  channel.answers.sendDefined(queue.window.isDurable, {
    id: 0x0032000b,
    queue: queue.name,
    messageCount: queue.readyCount,
    consumerCount: queue.subscriptions.length,
  });
}

function declareQueue(channel: Channel, given: string, method: QueueDeclare): Queue {
  const { durable, exclusive, autoDelete, arguments: args } = method;
  const { access, vhost } = channel;
  if (given === '' && args['x-queue-type']?.value === 'quorum') {
    const why = 'Cannot declare a server-named queue for type rabbit_quorum_queue';
    throw new AmqpError('precondition-failed', why);
  }
  const name = given === '' ? vhost.freeQueueName() : given;
  access.require('configure', 'queue', name);
  if (!vhost.queues.has(name)) requireDeadLetterTarget(channel, name, args);
  const options = { durable, exclusive, autoDelete, arguments: args };
  return given === ''
    ? vhost.declareFreeQueue(name, options, channel.host)
    : vhost.declareQueue(name, options, channel.host);
}

/** A new queue's dead letters go from it to an exchange, and its user must be allowed either. */
function requireDeadLetterTarget({ access, vhost }: Channel, name: string, args: Arguments): void {
  const subject = describe('queue', name, vhost.name);
  const target = exchangeArgument(args, 'x-dead-letter-exchange', subject);
  if (target === undefined) return;
  access.require('read', 'queue', name);
  access.require('write', 'exchange', target);
}

/** The exchange that an argument names. */
function exchangeArgument(args: Arguments, name: string, subject: string): string | undefined {
  const found = args[name];
  if (found === undefined || found.type === 'longstr') return found?.value as string | undefined;
  const why = `invalid type '${found.type}' for arg '${name}' in ${subject}`;
  throw new AmqpError('precondition-failed', why);
}

/** Nothing is made: this answers whether the address can be consumed from, or still is. */
function declareReplyQueue(channel: Channel, name: string, noWait: boolean): void {
  if (name !== replyTo && replyChannel(channel.broker, name) === undefined) {
    throw new AmqpError('not-found', `no queue '${name}' in vhost '${channel.vhost.name}'`);
  }
  if (noWait) return;
  channel.send({ id: 0x0032000b, queue: name, messageCount: 0, consumerCount: 1 });
}

/** `queue.bind` */
export function queueBind(channel: Channel, method: QueueBind): void {
  const ends = endsOf(channel, 'queue', queueName(channel, method.queue), method.exchange);
  const isDurable = bind(channel, ends, bindingKey(channel, method), method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: 0x00320015 });
}

/** `queue.unbind` */
export function queueUnbind(channel: Channel, method: QueueUnbind): void {
  const ends = endsOf(channel, 'queue', queueName(channel, method.queue), method.exchange);
  const isDurable = unbind(channel, ends, bindingKey(channel, method), method.arguments);
  channel.answers.sendDefined(isDurable, { id: 0x00320033 });
}

/** `queue.purge` */
export function queuePurge(channel: Channel, method: QueuePurge): void {
  const name = queueName(channel, method.queue);
  channel.access.require('read', 'queue', name);
  const queue = channel.vhost.queue(name, channel.host);
  const { isDurable } = queue.window;
  let answer = (durable: boolean, purged: QueuePurgeOk) => {
    if (!method.noWait) channel.answers.sendDefined(durable, purged);
  };
  let isDone = false;
  queue.purge((messageCount) => {
    isDone = true;
    answer(isDurable, { id: 0x0032001f, messageCount });
  });
  if (!isDone && !method.noWait) answer = channel.answers.keepPlace();
}

/** `queue.delete` */
export function queueDelete(channel: Channel, method: QueueDelete): void {
  const name = queueName(channel, method.queue);
  channel.access.require('configure', 'queue', name);
  const { ifUnused, ifEmpty } = method;
  const isDurable = channel.vhost.queues.get(name)?.window.isDurable === true;
  // The channel's own consumers are told after it has its answer: a client that closes the channel
  // once it is told would not get that otherwise.
  channel.tellingLater(() => {
    const messageCount = channel.vhost.deleteQueue(name, channel.host, { ifUnused, ifEmpty });
    if (!method.noWait) channel.answers.sendDefined(isDurable, { id: 0x00320029, messageCount });
  });
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

/** The two ends of a binding by name, as far as they are there. */
interface Ends {
  readonly sourceName: string;
  readonly source: Exchange | undefined;
  readonly kind: Destination['kind'];
  readonly destinationName: string;
}

/** Whoever may not bind or unbind does not learn what there is, either. */
function endsOf(
  channel: Channel,
  kind: Destination['kind'],
  destination: string,
  source: string,
): Ends {
  const { vhost, access } = channel;
  const destinationName = cleanName(destination);
  const sourceName = cleanName(source);
  access.require('write', kind, destinationName);
  if (kind === 'exchange') requireNotDefault(destinationName);
  requireNotDefault(sourceName);
  access.require('read', 'exchange', sourceName);
  return { sourceName, source: vhost.exchanges.get(sourceName), kind, destinationName };
}

/** Binds; returns whether the log is told of it. */
function bind(channel: Channel, ends: Ends, routingKey: string, args: Arguments): boolean {
  const { vhost } = channel;
  const source = vhost.exchange(ends.sourceName);
  const destination =
    ends.kind === 'queue'
      ? vhost.queue(ends.destinationName, channel.host)
      : vhost.exchange(ends.destinationName);
  vhost.bind(source, destination, routingKey, args);
  return isDurableBinding(source, destination);
}

/** Unbinds; returns whether the log is told of it. What is not there is no error. */
function unbind(channel: Channel, ends: Ends, routingKey: string, args: Arguments): boolean {
  const { vhost } = channel;
  const { source, kind, destinationName: name } = ends;
  const destination = kind === 'queue' ? vhost.queues.get(name) : vhost.exchanges.get(name);
  if (source === undefined || destination === undefined) return false;
  if (!source.hasBinding({ destination, routingKey, arguments: args })) return false;
  if (destination.kind === 'queue') destination.requireOwner(channel.host);
  vhost.unbind(source, destination, routingKey, args);
  return isDurableBinding(source, destination);
}
