// The methods of class `queue`.

import type { Queue } from '../../../broker/queue.ts';
import {
  type BindingEnds,
  requireQueueDeclaration,
} from '../../../broker/rabbitmq/permission-checks.ts';
import { refusalOf, refusedForQueue } from '../../../broker/rabbitmq/personality.ts';
import { withDefaultType } from '../../../broker/vhosts/default-queue-type.ts';
import type { Channel } from '../channel.ts';
import {
  methodIds,
  type QueueBind,
  type QueueDeclare,
  type QueueDelete,
  type QueuePurge,
  type QueuePurgeOk,
  type QueueUnbind,
} from '../codec/methods.gen.ts';
import { AmqpError } from '../errors.ts';
import { cleanName, isReplyAddress, replyTo } from '../special-names.ts';
import { bind, endsOf, unbind } from './bindings.ts';
import type { Handlers } from './handlers.ts';
import { queueName } from './names.ts';

/** `queue.declare` */
function queueDeclare(channel: Channel, method: QueueDeclare): void {
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
  channel.answers.sendDefined(queue.index.isDurable, {
    id: methodIds.queueDeclareOk,
    queue: queue.name,
    messageCount: queue.readyCount,
    consumerCount: queue.consumerCount,
  });
}

function declareQueue(channel: Channel, given: string, method: QueueDeclare): Queue {
  const { durable, exclusive, autoDelete, arguments: args } = method;
  const { access, vhost } = channel;
  const options = { durable, exclusive, autoDelete, arguments: args };
  const { arguments: all } = withDefaultType(options, vhost.defaultQueueType);
  const type = all['x-queue-type']?.value;
  if (given === '' && (type === 'quorum' || type === 'stream')) {
    const why = `Cannot declare a server-named queue for type rabbit_${type}_queue`;
    throw new AmqpError('precondition-failed', why);
  }
  // A name that is being decided about stays the same when the method is handled again.
  channel.freeName ??= given === '' ? vhost.freeQueueName() : undefined;
  const name = given === '' ? (channel.freeName ?? given) : given;
  requireQueueDeclaration(access, vhost, name, args);
  channel.freeName = undefined;
  const refused = refusedForQueue(channel.broker.personality, options);
  if (refused !== undefined && !vhost.queues.has(name)) {
    throw new AmqpError('internal-error', refusalOf(refused));
  }
  return given === ''
    ? vhost.declareFreeQueue(name, options, channel.host)
    : vhost.declareQueue(name, options, channel.host);
}

/** Only checks whether the reply address can be used. No queue is created. */
function declareReplyQueue(channel: Channel, name: string, noWait: boolean): void {
  if (name !== replyTo && channel.host.shared.replies.get(name) === undefined) {
    throw new AmqpError('not-found', `no queue '${name}' in vhost '${channel.vhost.name}'`);
  }
  if (noWait) return;
  channel.send({ id: methodIds.queueDeclareOk, queue: name, messageCount: 0, consumerCount: 1 });
}

/** `queue.bind` */
function queueBind(channel: Channel, method: QueueBind): void {
  const ends = bindingEnds(channel, method);
  const isDurable = bind(channel, ends, method.arguments);
  if (!method.noWait) channel.answers.sendDefined(isDurable, { id: methodIds.queueBindOk });
}

/** `queue.unbind` */
function queueUnbind(channel: Channel, method: QueueUnbind): void {
  const ends = bindingEnds(channel, method);
  const isDurable = unbind(channel, ends, method.arguments);
  channel.answers.sendDefined(isDurable, { id: methodIds.queueUnbindOk });
}

/** `queue.purge` */
function queuePurge(channel: Channel, method: QueuePurge): void {
  const name = queueName(channel, method.queue);
  channel.access.require('read', 'queue', name);
  const queue = channel.vhost.queue(name, channel.host);
  const { isDurable } = queue.index;
  let answer = (durable: boolean, purged: QueuePurgeOk) => {
    if (!method.noWait) channel.answers.sendDefined(durable, purged);
  };
  let isDone = false;
  queue.purge((messageCount) => {
    isDone = true;
    answer(isDurable, { id: methodIds.queuePurgeOk, messageCount });
  });
  if (!isDone && !method.noWait) answer = channel.answers.keepPlace();
}

/** `queue.delete` */
function queueDelete(channel: Channel, method: QueueDelete): void {
  const name = queueName(channel, method.queue);
  channel.access.require('configure', 'queue', name);
  const { ifUnused, ifEmpty } = method;
  const isDurable = channel.vhost.queues.get(name)?.index.isDurable === true;
  // The channel's own consumers are notified after the answer. Otherwise, a client that closes the
  // channel on notification would not receive the answer.
  channel.tellingLater(() => {
    const messageCount = channel.vhost.deleteQueue(name, channel.host, { ifUnused, ifEmpty });
    if (!method.noWait)
      channel.answers.sendDefined(isDurable, { id: methodIds.queueDeleteOk, messageCount });
  });
}

/** If queue and routing key are empty, the name of the last queue is also the routing key. */
function bindingEnds(channel: Channel, method: QueueBind | QueueUnbind): BindingEnds {
  const { queue, exchange, routingKey } = method;
  return endsOf(channel, {
    kind: 'queue',
    destination: queueName(channel, queue),
    source: exchange,
    routingKey: queue === '' && routingKey === '' ? channel.lastQueue : routingKey,
  });
}

/** The class `queue`. */
export const queueHandlers = {
  [methodIds.queueDeclare]: queueDeclare,
  [methodIds.queueBind]: queueBind,
  [methodIds.queueUnbind]: queueUnbind,
  [methodIds.queuePurge]: queuePurge,
  [methodIds.queueDelete]: queueDelete,
} satisfies Handlers;
