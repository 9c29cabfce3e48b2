import { type Arguments, wholeNumber } from '../../broker/arguments.ts';
import { describe } from '../../broker/errors.ts';
import type { Publication } from '../../broker/publication.ts';
import { addReplyChannel, cleanName, removeReplyChannel, replyTo } from './address.ts';
import type { Channel } from './channel.ts';
import type {
  BasicCancel,
  BasicConsume,
  BasicGet,
  BasicQos,
  ChannelFlow,
} from './codec/methods.gen.ts';
import { ChannelConsumer } from './consumer.ts';
import { queueName } from './declaring.ts';
import { AmqpError } from './errors.ts';
import { answerBytes } from './peer-account.ts';

/** `channel.flow`: a peer that wants fewer deliveries sets a prefetch limit instead, as in RabbitMQ. */
export function flow(channel: Channel, { active }: ChannelFlow): void {
  if (!active) throw new AmqpError('not-implemented', 'active=false');
  channel.send({ id: 0x00140015, active });
}

/** `basic.qos`: per consumer for those to come, or with `global` for all of the channel together. */
export function qos(channel: Channel, method: BasicQos): void {
  if (method.prefetchSize !== 0) {
    throw new AmqpError('not-implemented', `prefetch_size!=0 (${method.prefetchSize})`);
  }
  const limit = method.prefetchCount === 0 ? Infinity : method.prefetchCount;
  if (method.global) {
    channel.pool.setLimit(limit);
  } else {
    channel.prefetch = limit;
    channel.pool.setLimit(Infinity); // as in RabbitMQ, where the later of the two counts
  }
  channel.send({ id: 0x003c000b });
}

/** `basic.consume` */
export function consume(channel: Channel, method: BasicConsume): void {
  const tag = method.consumerTag || `amq.ctag-${channel.broker.randomName()}`;
  if (channel.consumers.has(tag)) {
    throw new AmqpError('not-allowed', `attempt to reuse consumer tag '${tag}'`);
  }
  const consumer = new ChannelConsumer(channel, tag, method.noAck);
  if (cleanName(method.queue) === replyTo) consumeReplies(channel, consumer, method);
  else subscribe(channel, consumer, method);
  channel.consumers.set(tag, consumer);
  if (!method.noWait) channel.send({ id: 0x003c0015, consumerTag: tag });
}

function subscribe(channel: Channel, consumer: ChannelConsumer, method: BasicConsume): void {
  const name = queueName(channel, method.queue);
  channel.access.require('read', 'queue', name);
  const queue = channel.vhost.queue(name, channel.host);
  // A few are let in even then: somebody must empty the queues.
  const { broker, consumers } = channel;
  if (consumers.size >= broker.limits.consumerCountShort) broker.requireMemory('consumer');
  const subject = describe('queue', name, channel.vhost.name);
  const isQuorum = queue.settings.type === 'quorum';
  if (isQuorum && channel.pool.limit !== Infinity) {
    throw new AmqpError('not-implemented', `${subject} does not support global qos`);
  }
  consumer.subscription = queue.subscribe(consumer, {
    settled: method.noAck,
    exclusive: method.exclusive,
    priority: readPriority(method.arguments, subject),
    prefetch: channel.prefetch,
    pool: isQuorum ? undefined : channel.pool,
    owner: channel.host,
  });
}

/** The consumer's priority, the one argument that has an effect; 0 where none is given. */
function readPriority(args: Arguments, subject: string): number {
  if (args['x-stream-offset'] !== undefined) {
    const why = `${subject} of queue type rabbit_classic_queue`;
    throw new AmqpError('precondition-failed', `invalid arg 'x-stream-offset' for ${why}`);
  }
  const priority = args['x-priority'];
  if (priority === undefined) return 0;
  const value = wholeNumber(priority);
  if (value !== undefined) return value;
  const why = `"expected integer, got ${priority.type}"`;
  throw new AmqpError('precondition-failed', `invalid arg 'x-priority' for ${subject}: ${why}`);
}

function consumeReplies(channel: Channel, consumer: ChannelConsumer, method: BasicConsume): void {
  if (!method.noAck) {
    throw new AmqpError('precondition-failed', 'reply consumer cannot acknowledge');
  }
  if (channel.replyAddress !== undefined) {
    throw new AmqpError('precondition-failed', 'reply consumer already set');
  }
  channel.replyConsumer = consumer;
  channel.replyAddress = addReplyChannel(channel.broker, {
    deliverReply: (publication) => {
      if (!channel.host.account.hasRoom) return false;
      const kept = channel.answers.isHolding ? publication.copy() : publication;
      const bytes = answerBytes + publication.sizeBytes;
      channel.answers.inOrder(() => deliverReply(channel, consumer.tag, kept), bytes);
      return true;
    },
  });
}

function deliverReply(channel: Channel, consumerTag: string, publication: Publication): void {
  const { outbox, number, frameMax } = channel;
  outbox.method(number, {
    id: 0x003c003c,
    consumerTag,
    deliveryTag: channel.tags.nextSettled(),
    redelivered: false,
    exchange: '',
    routingKey: publication.routingKey,
  });
  outbox.publication(number, frameMax, publication);
}

/** `basic.cancel`; what the consumer left unsettled stays so. An unknown tag is no error. */
export function cancel(channel: Channel, method: BasicCancel): void {
  const consumer = channel.consumers.get(method.consumerTag);
  channel.consumers.delete(method.consumerTag);
  consumer?.subscription?.stop();
  if (consumer !== undefined && consumer === channel.replyConsumer) {
    removeReplyChannel(channel.broker, channel.replyAddress ?? '');
    channel.replyAddress = undefined;
    channel.replyConsumer = undefined;
  }
  if (!method.noWait) channel.send({ id: 0x003c001f, consumerTag: method.consumerTag });
}

/** `basic.get` */
export function get(channel: Channel, method: BasicGet): void {
  const name = queueName(channel, method.queue);
  channel.access.require('read', 'queue', name);
  channel.getter.get(channel.vhost.queue(name, channel.host), method.noAck);
}

/** `basic.recover` */
export function recover(channel: Channel, isRequeue: boolean): void {
  if (!isRequeue) throw new AmqpError('not-implemented', 'requeue=false');
  channel.recover();
}
