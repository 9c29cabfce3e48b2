// The policies of a broker's queues.

import type { Address } from '../../conversion/properties.ts';
import type { DeadLetterRules } from '../../dead-lettering/dead-letter-rules.ts';
import type { Exchange } from '../../exchanges/exchange.ts';
import type { Queue } from '../../queue.ts';
import type { Advising } from '../advisories/advising.ts';
import type { ConsumerRules } from '../consumption.ts';
import { queueAddress } from '../core-names.ts';
import { deadLetterQueue } from '../dead-letter-queue.ts';
import { isTopicQueue } from '../topic-consumers.ts';
import {
  type ActiveMqSettings,
  type DestinationPolicy,
  defaultSettings,
  type RecoveryPolicy,
} from './destination-policy.ts';
import type { StartRule } from './dispatch-starts.ts';

/** The distance in the core between two priorities of consumers with a strict order. */
const strictStep = 1_000_000;

const topicRules: ConsumerRules = {
  isExclusive: false,
  priority: (requested) => requested,
};

/** Applies the settings of a broker to its queues. */
export class QueuePolicies {
  settings: ActiveMqSettings = defaultSettings;
  /** Number of consumers so far of queues with a strict order. */
  #strictCount = 0;
  readonly #topics: Exchange;
  readonly #deadLetters: DeadLetterRules;
  readonly #advising: Advising;

  /** @param topics the exchange of all topics */
  constructor(topics: Exchange, deadLetters: DeadLetterRules, advising: Advising) {
    this.#topics = topics;
    this.#deadLetters = deadLetters;
    this.#advising = advising;
  }

  /** Applies ActiveMQ's rules for delivery counts, dead letters and redelivery to a queue. */
  adopt(queue: Queue): void {
    queue.deadLetters = this.#deadLetters;
    queue.index.countsFailures = true;
    const policy = this.of(queue);
    this.#advising.adopt(queue, policy);
    if (!isTopicQueue(queue)) queue.passedCountMax = policy.passedCountMax;
    // What a non-durable subscription rejects is dropped.
    queue.retry = queue.index.isDurable
      ? this.settings.redelivery?.policyOf(this.#sourceOf(queue))
      : undefined;
  }

  /** The destination whose policy applies to a queue: for a subscription, its first topic. */
  #sourceOf(queue: Queue): Address {
    if (!isTopicQueue(queue)) return queueAddress(queue.name);
    const [binding] = this.#topics.bindingsTo(queue);
    return { kind: 'topic', name: binding?.routingKey ?? '' };
  }

  /** Returns the policy of a queue. */
  of(queue: Queue): DestinationPolicy {
    return this.settings.policyOf(this.#sourceOf(queue));
  }

  /** Returns what the policy of a queue decides about its consumers. */
  rulesOf(queue: Queue): ConsumerRules {
    if (isTopicQueue(queue)) return topicRules;
    const { isExclusiveByDefault, usesConsumerPriority, isStrictOrder } = this.of(queue);
    return {
      isExclusive: isExclusiveByDefault,
      priority: (requested, isExclusive) => {
        const priority = usesConsumerPriority ? requested : 0;
        if (!isStrictOrder || isExclusive) return priority;
        // A later consumer comes after all others of its priority.
        return priority * strictStep - (this.#strictCount++ % strictStep);
      },
    };
  }

  /** Returns when a queue with consumers begins to deliver; undefined if it does not wait. */
  startOf(queue: Queue): StartRule | undefined {
    return this.of(queue).start;
  }

  /** Returns which messages a topic keeps for retroactive consumers. */
  recoveryOf(topic: string): RecoveryPolicy | undefined {
    return this.settings.policyOf({ kind: 'topic', name: topic }).recovery;
  }

  /** Returns after how many milliseconds without use a queue is removed; undefined for never. */
  inactiveMsMaxOf(queue: Queue): number | undefined {
    return queue.name === deadLetterQueue ? undefined : this.of(queue).inactiveMsMax;
  }
}
