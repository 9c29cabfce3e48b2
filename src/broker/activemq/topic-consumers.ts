// Subscriptions to ActiveMQ topics.

import type { Argument } from '../arguments.ts';
import type { Address } from '../conversion/properties.ts';
import { BrokerError } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { Queue } from '../queue.ts';
import {
  type SubscriptionKey,
  subscriptionArgumentName,
  TopicSubscriptions,
} from '../topics/topic-subscriptions.ts';
import type { Vhost } from '../vhost.ts';
import { type ConsumeRequest, isDurable } from './consumption.ts';
import { Selector } from './selectors/selector.ts';
import type { TopicFilters } from './topic-filters.ts';

/**
 * Arguments of a durable subscription's queue from which its filter is restored after a restart.
 */
const selectorArgument = 'x-selector';
const noLocalArgument = 'x-no-local';

/**
 * Maximum length in characters of the selector of a durable subscription, which is stored with the
 * queue.
 */
const storedSelectorLengthMax = 4096;

const text = (value: string): Argument => ({ type: 'longstr', value });

/** What a durable subscription consumes. */
export interface DurableSubscription {
  /** The names of its topics, which may have wildcards. */
  readonly topics: readonly string[];
  readonly selector: string | undefined;
  readonly isNoLocal: boolean;
  readonly consumerCount: number;
}

/**
 * Consumers of topics. Each has a queue that receives the matching messages from the time of its
 * creation.
 */
export class TopicConsumers {
  readonly #subscriptions: TopicSubscriptions;
  readonly #filters: TopicFilters;
  /** Arguments of the queues of durable subscriptions. */
  readonly #arguments: Readonly<Record<string, Argument>>;
  readonly #adopt: (queue: Queue) => void;

  constructor(
    vhost: Vhost,
    filters: TopicFilters,
    args: Readonly<Record<string, Argument>>,
    adopt: (queue: Queue) => void,
  ) {
    this.#subscriptions = new TopicSubscriptions(vhost);
    this.#filters = filters;
    this.#arguments = args;
    this.#adopt = adopt;
    for (const queue of vhost.queues.values()) this.#restore(queue);
  }

  /** Restores the filter of a durable subscription. */
  #restore(queue: Queue): void {
    const { [selectorArgument]: selector, [noLocalArgument]: client } = queue.options.arguments;
    if (selector === undefined && client === undefined) return;
    const convertsText = selector?.type === 'binary';
    const source = storedSelectorOf(queue);
    this.#filters.set(queue, {
      selector: source === undefined ? undefined : new Selector(source, { convertsText }),
      unwantedOrigin: client?.value ?? undefined,
    });
  }

  /**
   * Opens the subscription for a request.
   *
   * @param topics the exchange of all requested topics
   * @throws {BrokerError} `resource-locked` if the subscription has a consumer, and cannot be shared;
   *   `resource-error` if all selectors together would be too large
   */
  open(request: ConsumeRequest, topics: Exchange, names: readonly string[]): Queue {
    const { selector, isNoLocal, key, owner, sharing } = request;
    this.#filters.requireRoom(selector);
    const before = key === undefined ? undefined : this.#subscriptions.find(key);
    const { queue } = this.#rephrased(key, () =>
      this.#subscriptions.open({
        topics,
        filters: names,
        key,
        isDurable: isDurable(request),
        isShared: sharing !== undefined,
        terms: selector === undefined ? `${isNoLocal}` : `${isNoLocal} ${selector.text}`,
        arguments: key === undefined ? {} : this.#stored(request, key),
        owner,
      }),
    );
    if (before !== undefined && before !== queue) this.#filters.delete(before);
    this.#adopt(queue);
    const unwantedOrigin = isNoLocal ? (key?.clientId ?? owner) : undefined;
    if (selector !== undefined || isNoLocal) this.#filters.set(queue, { selector, unwantedOrigin });
    return queue;
  }

  /** Returns the queue of a durable subscription; undefined if it does not exist. */
  find(key: SubscriptionKey): Queue | undefined {
    return this.#subscriptions.find(key);
  }

  #stored({ selector, isNoLocal }: ConsumeRequest, { clientId }: SubscriptionKey) {
    if (selector !== undefined && selector.text.length > storedSelectorLengthMax) {
      const found = `a selector of ${selector.text.length} characters`;
      const why = `${found} is longer than a durable subscription's may be: ${storedSelectorLengthMax}`;
      throw new BrokerError('precondition-failed', why);
    }
    return {
      ...this.#arguments,
      ...(selector !== undefined && { [selectorArgument]: selectorText(selector) }),
      ...(isNoLocal && { [noLocalArgument]: text(clientId) }),
    };
  }

  /** Returns what a durable subscription consumes; undefined if it does not exist. */
  describe(key: SubscriptionKey, topics: Exchange): DurableSubscription | undefined {
    const queue = this.#subscriptions.find(key);
    if (queue === undefined) return undefined;
    const { selector, unwantedOrigin } = this.#filters.of(queue) ?? {};
    return {
      topics: [...topics.bindingsTo(queue)].map(({ routingKey }) => routingKey),
      selector: selector?.text,
      isNoLocal: unwantedOrigin !== undefined,
      consumerCount: queue.consumerCount,
    };
  }

  /** Returns the client id and name of a durable subscription, joined by a colon. */
  idOf(queue: Queue): string | undefined {
    return queue.index.isDurable ? this.#subscriptions.keyOf(queue) : undefined;
  }

  /** The queue of a non-durable subscription is deleted with its last consumer. */
  closed(queue: Queue): void {
    if (!queue.index.isDurable && queue.consumerCount === 0) this.#filters.delete(queue);
  }

  /**
   * Deletes a durable subscription.
   *
   * @throws {BrokerError} `not-found`, `resource-locked`
   */
  delete(key: SubscriptionKey): void {
    const queue = this.#subscriptions.find(key);
    if (queue !== undefined && queue.consumerCount > 0) {
      throw new BrokerError('resource-locked', 'Durable consumer is in use');
    }
    this.#rephrased(key, () => this.#subscriptions.delete(key));
    if (queue !== undefined) this.#filters.delete(queue);
  }

  /** Deletes a durable subscription without a consumer. */
  remove(queue: Queue): void {
    this.#subscriptions.remove(queue);
    this.#filters.delete(queue);
  }

  /** Replaces the text of an error for a durable subscription with ActiveMQ's text. */
  #rephrased<T>(key: SubscriptionKey | undefined, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof BrokerError) || key === undefined) throw error;
      const { clientId, name } = key;
      if (error.code === 'resource-locked') {
        const whose = `for client: ${clientId} and subscriptionName: ${name}`;
        throw new BrokerError('resource-locked', `Durable consumer is in use ${whose}`);
      }
      if (error.code === 'not-found') {
        const whose = `for clientID: ${clientId} and subscriptionName: ${name}`;
        throw new BrokerError('not-found', `No durable subscription exists ${whose}`);
      }
      throw error;
    }
  }
}

/** Whether a queue is a subscription to topics, durable or not. */
export function isTopicQueue({ options }: Queue): boolean {
  return options.arguments[subscriptionArgumentName] !== undefined;
}

/** The text of the selector of a durable subscription; undefined if it has none. */
export function storedSelectorOf({ options }: Queue): string | undefined {
  const selector = options.arguments[selectorArgument];
  if (selector === undefined) return undefined;
  const stored = String(selector.value ?? '');
  return selector.type === 'binary' ? Buffer.from(stored, 'base64').toString() : stored;
}

/** A selector that converts strings is stored as bytes, others as a string. */
function selectorText(selector: Selector): Argument {
  if (!selector.convertsText) return text(selector.text);
  return { type: 'binary', value: Buffer.from(selector.text).toString('base64') };
}

/**
 * Groups topic names by their exchange.
 *
 * @param exchangeOf returns the exchange of a topic
 */
export function byExchange(
  topics: readonly Address[],
  exchangeOf: (address: Address) => Exchange,
): Map<Exchange, string[]> {
  const found = new Map<Exchange, string[]>();
  for (const address of topics) {
    const exchange = exchangeOf(address);
    const names = found.get(exchange) ?? [];
    names.push(address.name);
    found.set(exchange, names);
  }
  return found;
}
