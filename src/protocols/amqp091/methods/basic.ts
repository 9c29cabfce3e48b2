// The methods of class `basic`.

import {
  type Arguments,
  noArguments,
  requireSmallArguments,
  wholeNumber,
} from '../../../broker/arguments.ts';
import { describe } from '../../../broker/errors.ts';
import type { Channel } from '../channel.ts';
import {
  type BasicAck,
  type BasicCancel,
  type BasicConsume,
  type BasicGet,
  type BasicNack,
  type BasicQos,
  type BasicReject,
  methodIds,
} from '../codec/methods.gen.ts';
import { ChannelConsumer } from '../consumer.ts';
import { AmqpError } from '../errors.ts';
import { cleanName, replyTo } from '../special-names.ts';
import { refuseForeignArguments, streamStartOf } from '../streams/stream-start.ts';
import { type Handlers, ignore } from './handlers.ts';
import { queueName } from './names.ts';

/** `basic.qos`: per consumer for new consumers, or with `global` for the whole channel (before 4.3). */
function qos(channel: Channel, method: BasicQos): void {
  if (method.prefetchSize !== 0) {
    throw new AmqpError('not-implemented', `prefetch_size!=0 (${method.prefetchSize})`);
  }
  const limit = method.prefetchCount === 0 ? Infinity : method.prefetchCount;
  if (method.global && channel.broker.personality.limitsChannels) {
    channel.pool.setLimit(limit);
  } else {
    channel.prefetch = limit;
    channel.pool.setLimit(Infinity); // as in RabbitMQ, the later one of the two applies
  }
  channel.send({ id: methodIds.basicQosOk });
}

/** `basic.consume` */
function consume(channel: Channel, method: BasicConsume): void {
  const tag = method.consumerTag || `amq.ctag-${channel.broker.randomName()}`;
  if (channel.consumers.has(tag)) {
    throw new AmqpError('not-allowed', `attempt to reuse consumer tag '${tag}'`);
  }
  const { argumentsBytesMax, consumersPerChannelMax } = channel.broker.limits;
  if (channel.consumers.size >= consumersPerChannelMax) {
    const text = `reached maximum (${consumersPerChannelMax}) of consumers per channel`;
    throw new AmqpError('not-allowed', text);
  }
  requireSmallArguments(method.arguments, `consumer '${tag}'`, argumentsBytesMax);
  const hasNone = Object.keys(method.arguments).length === 0;
  const args = hasNone ? noArguments : method.arguments;
  const consumer = new ChannelConsumer(channel, tag, method.noAck, args);
  if (cleanName(method.queue) === replyTo) channel.replies.consume(consumer);
  else subscribe(channel, consumer, method);
  channel.consumers.set(tag, consumer);
  if (!method.noWait) channel.send({ id: methodIds.basicConsumeOk, consumerTag: tag });
}

function subscribe(channel: Channel, consumer: ChannelConsumer, method: BasicConsume): void {
  const name = queueName(channel, method.queue);
  channel.access.require('read', 'queue', name);
  const queue = channel.vhost.queue(name, channel.host);
  // A few consumers are accepted even then, because somebody must empty the queues.
  const { broker, consumers } = channel;
  if (consumers.size >= broker.limits.consumerCountShort) broker.requireMemory('consumer');
  const subject = describe('queue', name, channel.vhost.name);
  const { type } = queue.settings;
  refuseForeignArguments(queue, method.arguments, subject);
  const stream = type === 'stream' ? streamStartOf(channel, queue, method) : undefined;
  if (type !== 'classic' && channel.pool.limit !== Infinity) {
    throw new AmqpError('not-implemented', `${subject} does not support global qos`);
  }
  consumer.subscription = queue.subscribe(consumer, {
    settled: method.noAck,
    exclusive: method.exclusive,
    priority: readPriority(method.arguments, subject),
    prefetch: channel.prefetch,
    pool: type === 'classic' ? channel.pool : undefined,
    owner: channel.host,
    stream,
  });
}

/** The priority of the consumer, the only argument with an effect; 0 by default. */
function readPriority(args: Arguments, subject: string): number {
  const priority = args['x-priority'];
  if (priority === undefined) return 0;
  const value = wholeNumber(priority);
  if (value !== undefined) return value;
  const why = `"expected integer, got ${priority.type}"`;
  throw new AmqpError('precondition-failed', `invalid arg 'x-priority' for ${subject}: ${why}`);
}

/** `basic.cancel`. Unsettled deliveries remain. An unknown tag is not an error. */
function cancel(channel: Channel, method: BasicCancel): void {
  const consumer = channel.consumers.get(method.consumerTag);
  channel.consumers.delete(method.consumerTag);
  consumer?.subscription?.stop();
  if (consumer !== undefined) channel.replies.stop(consumer);
  if (!method.noWait)
    channel.send({ id: methodIds.basicCancelOk, consumerTag: method.consumerTag });
}

/** `basic.get` */
function get(channel: Channel, method: BasicGet): void {
  const name = queueName(channel, method.queue);
  channel.access.require('read', 'queue', name);
  channel.getter.get(channel.vhost.queue(name, channel.host), method.noAck);
}

/** `basic.recover` */
function recover(channel: Channel, isRequeue: boolean): void {
  if (!isRequeue) throw new AmqpError('not-implemented', 'requeue=false');
  channel.recover();
}

function ack(channel: Channel, { deliveryTag, multiple }: BasicAck): void {
  channel.settle(deliveryTag, multiple, 'accepted');
}

function reject(channel: Channel, { deliveryTag, requeue }: BasicReject): void {
  channel.settle(deliveryTag, false, requeue ? 'modified' : 'rejected');
}

function nack(channel: Channel, { deliveryTag, multiple, requeue }: BasicNack): void {
  const { countsReturned } = channel.broker.personality;
  const back = countsReturned ? 'modified' : 'released';
  channel.settle(deliveryTag, multiple, requeue ? back : 'rejected');
}

/** The class `basic`, except for `basic.publish`, which {@link Publisher} decodes. */
export const basicHandlers = {
  [methodIds.basicQos]: qos,
  [methodIds.basicConsume]: consume,
  [methodIds.basicCancel]: cancel,
  [methodIds.basicCancelOk]: ignore, // the answer to a notification
  [methodIds.basicGet]: get,
  [methodIds.basicAck]: ack,
  [methodIds.basicReject]: reject,
  [methodIds.basicRecoverAsync]: (channel, { requeue }) => recover(channel, requeue),
  [methodIds.basicRecover]: (channel, { requeue }) => {
    recover(channel, requeue);
    channel.send({ id: methodIds.basicRecoverOk });
  },
  [methodIds.basicNack]: nack,
} satisfies Handlers;
