// The queues of sessions and of shared subscriptions on brokers of ActiveMQ's type.

import { createHash } from 'node:crypto';
import { type Argument, isShortName } from '../../../broker/arguments.ts';
import type { Queue } from '../../../broker/queue.ts';
import { subscriptionArgumentName } from '../../../broker/topics/topic-subscriptions.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import type { VhostDialect } from '../dialect.ts';
import type { QueueOwner, SessionQueues } from '../sessions/session-queues.ts';

/*
 * Prefixes of queue names that clients of other protocols cannot use: in the names of their
 * subscriptions, `$` is encoded.
 */
const sessionPrefix = 'amq.subscription.$session:';
const sharedPrefix = 'amq.subscription.$share:';

/** Returns the name of the queue of a durable session. */
function sessionQueueName(clientId: string): string {
  return queueName(sessionPrefix, [clientId]);
}

/** Returns the name of the queue of a shared subscription. */
function sharedQueueName(shareName: string, filter: string): string {
  return queueName(sharedPrefix, [shareName, filter]);
}

/** Readable if it is short enough, and unique. */
function queueName(prefix: string, parts: readonly string[]): string {
  const readable = prefix + parts.map(encodeURIComponent).join(':');
  if (isShortName(readable)) return readable;
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
  return `${prefix}sha256-${hash}`;
}

function text(value: string): Argument {
  return { type: 'longstr', value };
}

/** The queues of sessions, which administration shows as subscriptions. */
export class ActiveMqSessionQueues implements SessionQueues {
  readonly deliverAll = false;
  readonly areSessions = false;
  readonly #dialect: VhostDialect;
  readonly #vhost: Vhost;
  /** The number of sessions that subscribe to each shared subscription, by the name of its queue. */
  readonly #shareCounts = new Map<string, number>();

  constructor(dialect: VhostDialect) {
    this.#dialect = dialect;
    this.#vhost = dialect.vhost;
  }

  findKept(clientId: string): Queue | undefined {
    return this.#vhost.queues.get(sessionQueueName(clientId));
  }

  /** The queue for quality of service 0 ends with the connection. */
  findLive(): undefined {
    return undefined;
  }

  createKept(owner: QueueOwner): Queue {
    const { clientId, isStored } = owner;
    if (!isStored) return this.createLive(owner);
    return this.#create(sessionQueueName(clientId), true, owner, [clientId, '']);
  }

  /** Creates a queue that ends with the connection. */
  createLive(owner: QueueOwner): Queue {
    return this.#create(this.#vhost.freeQueueName(), false, owner, ['', '']);
  }

  /** The registry ends sessions. */
  expiryChanged(): void {}

  /** @param key client id and name, by which it is listed as a subscription */
  #create(
    name: string,
    isDurable: boolean,
    owner: object,
    [client, subscription]: readonly [client: string, subscription: string],
  ): Queue {
    const key = { client: text(client), name: text(subscription) };
    const more = { shared: text(String(client === '')), durable: text(String(isDurable)) };
    const argument: Argument = { type: 'table', value: { ...key, ...more, terms: text('') } };
    const options = {
      durable: isDurable,
      exclusive: !isDurable,
      autoDelete: false,
      arguments: { [subscriptionArgumentName]: argument },
    };
    return this.#vhost.declareFreeQueue(name, options, owner);
  }

  remove(queue: Queue): void {
    this.#vhost.removeQueue(queue);
  }

  openShared(shareName: string, filter: string, owner: QueueOwner): Queue {
    const name = sharedQueueName(shareName, filter);
    const shown = `$share/${shareName}/${filter}`;
    const queue = this.#vhost.queues.get(name) ?? this.#create(name, true, owner, ['', shown]);
    this.#dialect.bind(queue, filter);
    return queue;
  }

  countShared(shareName: string, filter: string): void {
    const name = sharedQueueName(shareName, filter);
    this.#shareCounts.set(name, (this.#shareCounts.get(name) ?? 0) + 1);
  }

  closeShared(shareName: string, filter: string): void {
    const name = sharedQueueName(shareName, filter);
    const count = (this.#shareCounts.get(name) ?? 1) - 1;
    if (count > 0) {
      this.#shareCounts.set(name, count);
      return;
    }
    this.#shareCounts.delete(name);
    const queue = this.#vhost.queues.get(name);
    if (queue !== undefined) this.remove(queue);
  }

  removeOrphans(clientIds: Iterable<string>): void {
    const names = new Set([...clientIds].map(sessionQueueName));
    for (const queue of [...this.#vhost.queues.values()]) {
      const { name } = queue;
      const isOrphan =
        (name.startsWith(sessionPrefix) && !names.has(name)) ||
        (name.startsWith(sharedPrefix) && !this.#shareCounts.has(name));
      if (isOrphan) this.remove(queue);
    }
  }
}
