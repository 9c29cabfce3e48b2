// ActiveMQ's rules for dead letters.

import type { Argument, ArgumentChanges } from '../arguments.ts';
import type { Address } from '../conversion/properties.ts';
import type {
  DeadLetterRules,
  DeadLetterTerms,
  Death,
} from '../dead-lettering/dead-letter-rules.ts';
import { BrokerError } from '../errors.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { RetryPolicy } from '../schedule/retry.ts';
import type { Delivery } from '../subscription.ts';
import type { Advising } from './advisories/advising.ts';
import { isReserved, isWildcard, qualifiedName } from './destination.ts';
import type { ActiveMqSettings, DeadLetterStrategy } from './policies/destination-policy.ts';
import { scheduledJobId, scheduledJobIdHeader } from './scheduling/scheduled-headers.ts';
import { isTopicQueue } from './topic-consumers.ts';

/** The shared dead-letter queue, which is ActiveMQ's default. */
export const deadLetterQueue = 'ActiveMQ.DLQ';

const shared: Address = { kind: 'queue', name: deadLetterQueue };

/** Arguments of queues with dead letters. ActiveMQ's rules decide where these go. */
export const deadLetterArguments: Readonly<Record<string, Argument>> = {
  'x-dead-letter-exchange': { type: 'longstr', value: '' },
  'x-dead-letter-routing-key': { type: 'longstr', value: deadLetterQueue },
};

/** Headers of a dead letter with its origin and the cause. */
export const deadLetterHeaders = {
  /** For example `queue://A`. */
  originalDestination: 'originalDestination',
  /** Unix time in milliseconds; 0 for none. */
  originalExpiration: 'originalExpiration',
  /** `NON_PERSISTENT` if the message was not persistent. */
  originalDeliveryMode: 'originalDeliveryMode',
  /** The class and text of the Java exception. */
  cause: 'dlqDeliveryFailureCause',
  /** The delay of a redelivery, milliseconds. */
  redeliveryDelay: 'redeliveryDelay',
} as const;

const text = (value: string): Argument => ({ type: 'longstr', value });

/** The operations of the destinations that are needed here. */
export interface DeadLetterHost {
  readonly settings: ActiveMqSettings;
  readonly advising: Advising;
  /** Returns the destination of a message in a queue. */
  originOf(queue: Queue, exchange: string, routingKey: string): Address;
  /** Returns the client id and name of a durable subscription, joined by a colon. */
  subscriptionOf(queue: Queue): string | undefined;
  /**
   * Returns the exchange and routing key of a destination, and creates its queue if it does not
   * exist.
   *
   * @throws {BrokerError} if it cannot be created
   */
  place(address: Address): { readonly exchange: Exchange; readonly routingKey: string };
}

/**
 * ActiveMQ's rules: rejected and expired messages go where the strategy of their destination says,
 * except messages that are already there.
 */
export class ActiveMqDeadLetters implements DeadLetterRules {
  readonly #host: DeadLetterHost;

  constructor(host: DeadLetterHost) {
    this.#host = host;
  }

  takes(queue: Queue, view: Delivery, reason: DeathReason): boolean {
    const origin = this.#host.originOf(queue, view.exchangeName(), view.routingKey());
    this.#host.advising.removed(queue, view, reason, origin);
    // What a subscription that is not durable does not deliver is dropped.
    if (isTopicQueue(queue) && !queue.index.isDurable) return false;
    const strategy = this.#strategyOf(origin);
    if (strategy.kind === 'discarding') return false;
    if (!view.isPersistent && !strategy.takesNonPersistent) return false;
    if (isDeadLetter(origin, strategy)) return false;
    return reason === 'expired' ? strategy.takesExpired : this.#takesRejected(origin);
  }

  #strategyOf(origin: Address): DeadLetterStrategy {
    return this.#host.settings.policyOf(origin).deadLetters;
  }

  /** With redelivery by the broker, a rejected message has been redelivered as often as permitted. */
  #takesRejected(origin: Address): boolean {
    const { redelivery } = this.#host.settings;
    if (redelivery === undefined) return true;
    return redelivery.policyOf(origin) === undefined
      ? redelivery.fallsBackToDeadLetter
      : redelivery.sendsExhaustedToDeadLetter;
  }

  terms({ queue, letter, reason, expiresAtMs, headers }: Death): DeadLetterTerms | undefined {
    const original = this.#host.originOf(queue, letter.from, letter.routingKey);
    const strategy = this.#strategyOf(original);
    const { originalDestination, originalExpiration, originalDeliveryMode, cause } =
      deadLetterHeaders;
    const expiration = expiresAtMs === Infinity ? 0 : expiresAtMs;
    const changes: Record<string, Argument> = {};
    changes[originalDestination] = text(qualifiedName(original));
    if (headers[originalExpiration] === undefined) {
      changes[originalExpiration] = { type: 'long', value: expiration };
    }
    if (!letter.isPersistent) changes[originalDeliveryMode] = text('NON_PERSISTENT');
    if (reason === 'expired') {
      changes[cause] = text(`java.lang.Throwable: Message Expired. Expiration:${expiration}`);
    } else if (letter.cause !== undefined) changes[cause] = text(letter.cause);
    const target = this.#targetOf(queue, original, strategy);
    const place = this.#placeOf(target);
    if (place !== undefined) this.#host.advising.deadLettered(original, letter);
    const expirationMs = strategy.expirationMs > 0 ? strategy.expirationMs : -1;
    return place && { ...place, changes, expirationMs };
  }

  #placeOf(target: Address) {
    const isUsable = !isReserved(target) && !isWildcard(target);
    // A strategy may name a destination that cannot exist, for example one with a long name.
    return (isUsable && this.#tryPlace(target)) || this.#tryPlace(shared);
  }

  #tryPlace(address: Address) {
    try {
      return this.#host.place(address);
    } catch (error) {
      // There are too many queues: nobody is left to be told.
      if (error instanceof BrokerError) return undefined;
      throw error;
    }
  }

  #targetOf(queue: Queue, { kind, name }: Address, strategy: DeadLetterStrategy): Address {
    if (strategy.kind === 'shared') return strategy.target;
    const isTopic = kind === 'topic' || kind === 'temporary-topic';
    const { queuePrefix, queueSuffix, topicPrefix, topicSuffix } = strategy;
    const isToQueue = isTopic ? strategy.usesQueueForTopics : strategy.usesQueueForQueues;
    const subscription = strategy.isPerSubscription ? this.#host.subscriptionOf(queue) : undefined;
    const own = subscription === undefined ? name : `${name}.${subscription}`;
    const full = isTopic ? topicPrefix + own + topicSuffix : queuePrefix + own + queueSuffix;
    return { kind: isToQueue ? 'queue' : 'topic', name: full };
  }

  retryChanges(_retry: RetryPolicy, delayMs: number, id: number): ArgumentChanges {
    return {
      [deadLetterHeaders.redeliveryDelay]: { type: 'long', value: delayMs },
      [scheduledJobIdHeader]: text(scheduledJobId(id)),
    };
  }
}

/** Whether the strategy has put the messages of a destination there, so that they must not go round. */
function isDeadLetter({ kind, name }: Address, strategy: DeadLetterStrategy): boolean {
  if (strategy.kind === 'shared') {
    const { target } = strategy;
    return (kind === target.kind && name === target.name) || isSharedQueue(kind, name);
  }
  const { queuePrefix, queueSuffix, topicPrefix, topicSuffix } = strategy;
  return isBetween(name, queuePrefix, queueSuffix) || isBetween(name, topicPrefix, topicSuffix);
}

function isSharedQueue(kind: Address['kind'], name: string): boolean {
  return kind === shared.kind && name === shared.name;
}

function isBetween(name: string, prefix: string, suffix: string): boolean {
  return prefix + suffix !== '' && name.startsWith(prefix) && name.endsWith(suffix);
}
