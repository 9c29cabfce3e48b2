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

/** What a subscription is known by that outlives a connection or is shared by several. */
export interface SubscriptionKey {
  /** Empty where it is no one client's. */
  readonly clientId: string;
  /** Empty for a client's only subscription, such as an MQTT session. */
  readonly name: string;
}

/** What a client asks for. */
export interface SubscriptionRequest {
  /** The topics: an exchange whose type matches filters. */
  readonly topics: Exchange;
  /** In the alphabet of the exchange's type. */
  readonly filters: readonly string[];
  /** Undefined for one that only this connection uses. */
  readonly key: SubscriptionKey | undefined;
  /** Whether it outlives its consumers and restarts; it needs a key. */
  readonly isDurable: boolean;
  /** Several consumers may share its messages. */
  readonly isShared: boolean;
  /** What else makes it another subscription when it changes: a selector, for example. */
  readonly terms: string;
  /** The queue's further arguments. */
  readonly arguments: Arguments;
  /** The connection. */
  readonly owner: object;
}

/** A subscription: a queue bound to topics by filters. Its consumers subscribe to the queue. */
export interface TopicSubscription {
  readonly queue: Queue;
  /** Whether there was none like it; its backlog is empty then. */
  readonly isNew: boolean;
}

/** Names of queues that clients of AMQP 0-9-1 cannot declare. */
const namePrefix = 'amq.subscription.';
/** The queue argument that says what subscription it is of: a table of texts. */
const argumentName = 'x-subscription';

/** Characters of texts that are stored as they are. */
const shownLengthMax = 1000;

const text = (value: string): Argument => ({ type: 'longstr', value });

/**
 * Subscriptions to topics in one virtual host, made of queues and bindings. One with a key is a queue
 * named by client id and subscription name; a durable one outlives its clients and restarts, another
 * one ends with its last consumer. One without a key is an exclusive queue.
 */
export class TopicSubscriptions {
  readonly #vhost: Vhost;

  constructor(vhost: Vhost) {
    this.#vhost = vhost;
  }

  /**
   * Opens a subscription, or the one of its key that is there. One whose filters, topics or terms are
   * others is deleted with its backlog and made anew.
   *
   * @throws {BrokerError} `resource-locked` where somebody consumes from it and it is not shared
   */
  open(request: SubscriptionRequest): TopicSubscription {
    const { key } = request;
    if (key === undefined) return { queue: this.#create(request), isNew: true };
    const found = this.find(key);
    if (found !== undefined) {
      this.#requireFree(found, key, request.isShared);
      if (isSame(found, request)) return { queue: found, isNew: false };
      this.#vhost.removeQueue(found);
    }
    return { queue: this.#create(request), isNew: true };
  }

  /** The queue of the subscription with a key; undefined where there is none. */
  find(key: SubscriptionKey): Queue | undefined {
    return this.#vhost.queues.get(queueName(key));
  }

  /**
   * Adds a filter to a subscription; its backlog stays.
   *
   * @throws {BrokerError} `precondition-failed`
   */
  addFilter(queue: Queue, topics: Exchange, filter: string): void {
    this.#vhost.bind(topics, queue, filter, noArguments);
  }

  /** Removes a filter; one that is not there is no error. */
  removeFilter(queue: Queue, topics: Exchange, filter: string): void {
    this.#vhost.unbind(topics, queue, filter, noArguments);
  }

  /** Ends a subscription that is not durable. */
  close(queue: Queue): void {
    if (!queue.index.isDurable) this.#vhost.removeQueue(queue);
  }

  /**
   * Deletes a durable subscription with its backlog.
   *
   * @throws {BrokerError} `not-found`, or `resource-locked` where somebody consumes from it
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
      arguments: { ...request.arguments, [argumentName]: subscriptionArgument(request) },
    };
    const name = key === undefined ? this.#vhost.freeQueueName() : queueName(key);
    const queue = this.#vhost.declareFreeQueue(name, options, owner);
    for (const filter of filters) this.addFilter(queue, topics, filter);
    return queue;
  }
}

/** Stands for a text, which may be too long for a queue's arguments. */
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
  const argument = queue.options.arguments[argumentName];
  return argument?.type === 'table' ? (argument.value as Arguments) : undefined; // by its type
}

/** Whether a subscription is what is asked for. */
function isSame(queue: Queue, request: SubscriptionRequest): boolean {
  const { topics, filters } = request;
  const own = queue.options.arguments[argumentName];
  if (!isSameArgument(own, subscriptionArgument(request))) return false;
  const bound = [...topics.bindingsTo(queue)].map(({ routingKey }) => routingKey);
  return bound.length === new Set(filters).size && filters.every((each) => bound.includes(each));
}

/**
 * The name of a subscription's queue: readable where it is short enough, and never the same for
 * two subscriptions.
 */
function queueName({ clientId, name }: SubscriptionKey): string {
  if (clientId.isWellFormed() && name.isWellFormed()) {
    const readable = `${encodeURIComponent(clientId)}:${encodeURIComponent(name)}`;
    if (isShortName(namePrefix + readable)) return namePrefix + readable;
  }
  return `${namePrefix}sha256-${hashOf(JSON.stringify([clientId, name]))}`;
}
