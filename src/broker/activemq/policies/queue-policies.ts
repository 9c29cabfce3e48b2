// The policies of a broker's queues.

import type { Address } from '../../conversion/properties.ts';
import type { DeadLetterRules } from '../../dead-lettering/dead-letter-rules.ts';
import type { Exchange } from '../../exchanges/exchange.ts';
import type { Queue } from '../../queue.ts';
import { queueAddress } from '../core-names.ts';
import { deadLetterQueue } from '../dead-letter-queue.ts';
import { isTopicQueue } from '../topic-consumers.ts';
import {
  type ActiveMqSettings,
  type DestinationPolicy,
  defaultSettings,
  type RecoveryPolicy,
} from './destination-policy.ts';

/** Applies the settings of a broker to its queues. */
export class QueuePolicies {
  settings: ActiveMqSettings = defaultSettings;
  readonly #topics: Exchange;
  readonly #deadLetters: DeadLetterRules;

  /** @param topics the exchange of all topics */
  constructor(topics: Exchange, deadLetters: DeadLetterRules) {
    this.#topics = topics;
    this.#deadLetters = deadLetters;
  }

  /** Applies ActiveMQ's rules for delivery counts, dead letters and redelivery to a queue. */
  adopt(queue: Queue): void {
    queue.deadLetters = this.#deadLetters;
    queue.index.countsFailures = true;
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
  rulesOf(queue: Queue): { readonly isExclusive: boolean; readonly usesPriority: boolean } {
    if (isTopicQueue(queue)) return { isExclusive: false, usesPriority: true };
    const { isExclusiveByDefault, usesConsumerPriority } = this.of(queue);
    return { isExclusive: isExclusiveByDefault, usesPriority: usesConsumerPriority };
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
