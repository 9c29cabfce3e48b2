// Subscriptions to topics.

import { createHash } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import {
  type Argument,
  type Arguments,
  isSameArgument,
  isShortName,
  noArguments,
} from '../arguments.ts';
import { BrokerError } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Queue } from '../queue.ts';
import type { Vhost } from '../vhost.ts';

/** Identifies a subscription that outlives a connection or is shared. */
export interface SubscriptionKey {
  /** Empty if it does not belong to one client. */
  readonly clientId: string;
  /** Empty for the only subscription of a client, such as an MQTT session. */
  readonly name: string;
}

/** A requested subscription. */
export interface SubscriptionRequest {
  /** An exchange whose type matches filters. */
  readonly topics: Exchange;
  /** In the syntax of the exchange's type. */
  readonly filters: readonly string[];
  /** Undefined for a subscription of one connection. */
  readonly key: SubscriptionKey | undefined;
  /** Whether it outlives its consumers and restarts. Requires a key. */
  readonly isDurable: boolean;
  /** Whether several consumers may share its messages. */
  readonly isShared: boolean;
  /** Other properties that identify the subscription, such as a selector. */
  readonly terms: string;
  /** Additional arguments of the queue. */
  readonly arguments: Arguments;
  /** The connection. */
  readonly owner: object;
}

/** A subscription: a queue bound to topics by filters. Consumers subscribe to the queue. */
export interface TopicSubscription {
  readonly queue: Queue;
  /** Whether it was created, so that its backlog is empty. */
  readonly isNew: boolean;
}

/** A prefix of queue names that AMQP 0-9-1 clients cannot declare. */
const namePrefix = 'amq.subscription.';
/** The queue argument that identifies the subscription: a table of texts. */
export const subscriptionArgumentName = 'x-subscription';

/** Maximum length of texts that are stored without a hash. */
const shownLengthMax = 1000;

const text = (value: string): Argument => ({ type: 'longstr', value });

/**
 * Subscriptions to topics in one virtual host, implemented by queues and bindings. A subscription
 * with a key has a queue named by client id and subscription name. If it is durable, it outlives
 * clients and restarts; otherwise it ends with its last consumer. A subscription without a key has
 * an exclusive queue.
 */
export class TopicSubscriptions {
  readonly #vhost: Vhost;

  constructor(vhost: Vhost) {
    this.#vhost = vhost;
  }

  /**
   * Opens a subscription, or the existing one with the same key. If filters, topics or terms
   * differ, the existing one and its backlog are deleted first.
   *
   * @throws {BrokerError} `resource-locked` if it has a consumer and is not shared, or differs;
   *   `resource-error` without memory for a new one
   */
  open(request: SubscriptionRequest): TopicSubscription {
    const { key } = request;
    if (key === undefined) return { queue: this.#create(request), isNew: true };
    const found = this.find(key);
    if (found !== undefined) {
      this.#requireFree(found, key, request.isShared);
      if (isSame(found, request)) return { queue: found, isNew: false };
      // Other consumers must not lose their subscription.
      this.#requireFree(found, key, false);
      // Otherwise its backlog would be lost although the request is refused.
      this.#vhost.requireMemory('queue');
      this.#vhost.removeQueue(found);
    }
    return { queue: this.#create(request), isNew: true };
  }

  /** The queue of the subscription with a key; undefined if it does not exist. */
  find(key: SubscriptionKey): Queue | undefined {
    return this.#vhost.queues.get(queueName(key));
  }

  /** Returns the client id and the name of a subscription, joined by a colon; they may be hashes. */
  keyOf(queue: Queue): string | undefined {
    const key = shownKeyOf(queue);
    return key && `${key.clientId}:${key.name}`;
  }

  /** Ends a subscription that is not durable. */
  close(queue: Queue): void {
    if (!queue.index.isDurable) this.#vhost.removeQueue(queue);
  }

  /**
   * Deletes a durable subscription with its backlog.
   *
   * @throws {BrokerError} `not-found`; `resource-locked` if it has a consumer
   */
  delete(key: SubscriptionKey): void {
    const queue = this.find(key);
    if (queue === undefined) {
      const named = `named '${key.name}' of client '${key.clientId}'`;
      throw new BrokerError('not-found', `no subscription ${named}`);
    }
    this.#requireFree(queue, key, false);
    this.#vhost.removeQueue(queue);
  }

  /** Deletes a subscription with its backlog. */
  remove(queue: Queue): void {
    this.#vhost.removeQueue(queue);
  }

  #requireFree(queue: Queue, { clientId, name }: SubscriptionKey, isShared: boolean): void {
    if (queue.consumerCount === 0) return;
    if (isShared && termsOf(queue)?.['shared']?.value === 'true') return;
    const subject = `subscription '${name}' of client '${clientId}'`;
    throw new BrokerError('resource-locked', `${subject} is in use`);
  }

  #create(request: SubscriptionRequest): Queue {
    const { topics, filters, key, isDurable, owner } = request;
    assert(key !== undefined || !isDurable, 'a durable subscription has no key');
    const options = {
      durable: isDurable,
      exclusive: key === undefined,
      autoDelete: !isDurable,
      arguments: {
        ...request.arguments,
        [subscriptionArgumentName]: subscriptionArgument(request),
      },
    };
    const name = key === undefined ? this.#vhost.freeQueueName() : queueName(key);
    const queue = this.#vhost.declareFreeQueue(name, options, owner);
    for (const filter of filters) this.#vhost.bind(topics, queue, filter, noArguments);
    return queue;
  }
}

/** Whether a queue is that of a subscription with a key. */
export function isSubscription({ name }: Queue): boolean {
  return name.startsWith(namePrefix);
}

/** Returns the client id and the name of a subscription, which may be hashes; undefined for others. */
export function shownKeyOf(queue: Queue): SubscriptionKey | undefined {
  const terms = termsOf(queue);
  const { client, name } = terms ?? {};
  return terms && { clientId: String(client?.value), name: String(name?.value) };
}

/** Represents a text, which may be too long for the arguments of a queue. */
function shortened(value: string): Argument {
  const isShort = value.length <= shownLengthMax;
  return text(isShort ? value : `sha256:${hashOf(value)}`);
}

function hashOf(value: string): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url');
}

function subscriptionArgument({ key, isShared, isDurable, terms }: SubscriptionRequest): Argument {
  const value = {
    client: shortened(key?.clientId ?? ''),
    name: shortened(key?.name ?? ''),
    shared: text(String(isShared)),
    durable: text(String(isDurable)),
    terms: shortened(terms),
  };
  return { type: 'table', value };
}

function termsOf(queue: Queue): Arguments | undefined {
  const argument = queue.options.arguments[subscriptionArgumentName];
  return argument?.type === 'table' ? (argument.value as Arguments) : undefined; // according to its type
}

/** Whether an existing subscription matches a request. */
function isSame(queue: Queue, request: SubscriptionRequest): boolean {
  const { topics, filters } = request;
  const own = queue.options.arguments[subscriptionArgumentName];
  if (!isSameArgument(own, subscriptionArgument(request))) return false;
  const bound = [...topics.bindingsTo(queue)].map(({ routingKey }) => routingKey);
  return bound.length === new Set(filters).size && filters.every((each) => bound.includes(each));
}

/** The name of a subscription's queue: readable if it is short enough, and unique. */
function queueName({ clientId, name }: SubscriptionKey): string {
  if (clientId.isWellFormed() && name.isWellFormed()) {
    const readable = `${encodeURIComponent(clientId)}:${encodeURIComponent(name)}`;
    if (isShortName(namePrefix + readable)) return namePrefix + readable;
  }
  return `${namePrefix}sha256-${hashOf(JSON.stringify([clientId, name]))}`;
}
