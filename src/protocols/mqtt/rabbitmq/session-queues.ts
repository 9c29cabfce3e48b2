// The queues of sessions on brokers of RabbitMQ's type, with the names of RabbitMQ.

import type { Argument, Arguments } from '../../../broker/arguments.ts';
import type { Broker } from '../../../broker/broker.ts';
import { BrokerError, describe } from '../../../broker/errors.ts';
import type { Queue } from '../../../broker/queue.ts';
import { expiryMsMax } from '../../../broker/queue-options.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import { changeQueueOptions } from '../../../broker/vhosts/changed-options.ts';
import type { QueueOwner, SessionQueues } from '../sessions/session-queues.ts';
import type { MqttOptions } from './options.ts';

const namePrefix = 'mqtt-subscription-';

/** Maximum length of a client id, in bytes, so that the names of its queues have at most 255. */
export const clientIdBytesMax: number = 255 - namePrefix.length - 'qos1'.length;

/** Returns the name of the queue of a session for a quality of service. */
export function sessionQueueName(clientId: string, qos: number): string {
  return `${namePrefix}${clientId}qos${Math.min(qos, 1)}`;
}

const expiryName = 'x-expires';

/**
 * Creates and deletes the queues of sessions. They are ordinary queues: those of sessions that end with
 * their connections are exclusive, others are durable and expire.
 */
export class RabbitMqSessionQueues implements SessionQueues {
  readonly deliverAll = true;
  readonly areSessions = true;
  readonly #broker: Broker;
  readonly #vhost: Vhost;
  readonly #options: MqttOptions;

  constructor(broker: Broker, vhost: Vhost, options: MqttOptions) {
    this.#broker = broker;
    this.#vhost = vhost;
    this.#options = options;
  }

  findKept(clientId: string): Queue | undefined {
    return this.#find(sessionQueueName(clientId, 1));
  }

  findLive(clientId: string): Queue | undefined {
    return this.#find(sessionQueueName(clientId, 0));
  }

  /** A stream with the name is not the queue of a session. */
  #find(name: string): Queue | undefined {
    const found = this.#vhost.queues.get(name);
    return found?.settings.type === 'stream' ? undefined : found;
  }

  createKept(owner: QueueOwner): Queue {
    const { durableQueueType } = this.#options;
    return this.#create(owner, 1, owner.isStored ? durableQueueType : 'classic');
  }

  createLive(owner: QueueOwner): Queue {
    return this.#create(owner, 0, 'classic');
  }

  #create(owner: QueueOwner, qos: number, type: MqttOptions['durableQueueType']): Queue {
    const { clientId, isStored, expirySeconds } = owner;
    const name = sessionQueueName(clientId, qos);
    if (this.#vhost.queues.has(name)) {
      const what = describe('queue', name, this.#vhost.name);
      throw new BrokerError('resource-locked', `${what} exists, but is not of this session`);
    }
    // Otherwise the default of the virtual host would decide.
    const isTyped = type !== (this.#vhost.defaultQueueType ?? 'classic') || type === 'quorum';
    const ofType: Arguments = isTyped ? { 'x-queue-type': { type: 'longstr', value: type } } : {};
    const options = {
      durable: true,
      exclusive: !isStored,
      autoDelete: false,
      arguments: isStored ? withExpiry(ofType, expirySeconds) : {},
    };
    return this.#vhost.declareFreeQueue(name, options, owner);
  }

  expiryChanged(clientId: string, expirySeconds: number | null): void {
    if (expirySeconds === 0) return; // the session ends with its connection
    for (const queue of [this.findKept(clientId), this.findLive(clientId)]) {
      if (queue === undefined || !queue.index.isDurable) continue;
      const before = queue.options.arguments;
      const args = withExpiry(before, expirySeconds);
      if (before[expiryName]?.value === args[expiryName]?.value) continue;
      changeQueueOptions(this.#broker, this.#vhost, queue, { ...queue.options, arguments: args });
    }
  }

  remove(queue: Queue): void {
    this.#vhost.removeQueue(queue);
  }

  openShared(): never {
    const why = 'shared subscriptions are not supported';
    throw new BrokerError('not-implemented', why);
  }

  countShared(): void {}

  closeShared(): void {}

  /** Queues without a session expire, unless another client declared them. */
  removeOrphans(): void {}
}

/**
 * Arguments of a queue that is deleted when it is unused for a time, in seconds; null for never. A queue
 * cannot expire later than after `expiryMsMax`; then it ends with its session.
 */
function withExpiry(args: Arguments, expirySeconds: number | null): Arguments {
  const { [expiryName]: _, ...others } = args;
  if (expirySeconds === null || expirySeconds * 1000 > expiryMsMax) return others;
  const expiry: Argument = { type: 'long', value: expirySeconds * 1000 };
  return { ...others, [expiryName]: expiry };
}
