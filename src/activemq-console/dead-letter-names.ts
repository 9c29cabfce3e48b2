// The names of dead-letter queues.

import type { ActiveMqConfiguration } from '../broker/activemq/configuration.ts';
import { deadLetterQueue } from '../broker/activemq/dead-letter-queue.ts';

/** The part of a configuration that decides where dead letters go. */
type DeadLetterConfiguration = Pick<ActiveMqConfiguration, 'policies' | 'defaultPolicy'>;

/** The beginning and the end of names. */
type Ends = readonly [prefix: string, suffix: string];

/** Tells which queues are for dead letters, by the strategies of the configuration. */
export class DeadLetterNames {
  readonly #names = new Set([deadLetterQueue]);
  readonly #ends = new Map<string, Ends>();

  constructor({ policies, defaultPolicy }: DeadLetterConfiguration) {
    for (const { deadLetters } of [defaultPolicy, ...policies.map(({ policy }) => policy)]) {
      const { kind, target, queuePrefix, queueSuffix, topicPrefix, topicSuffix } = deadLetters;
      if (kind === 'shared' && target.kind === 'queue') this.#names.add(target.name);
      if (kind !== 'individual') continue;
      if (deadLetters.usesQueueForQueues) this.#add([queuePrefix, queueSuffix]);
      if (deadLetters.usesQueueForTopics) this.#add([topicPrefix, topicSuffix]);
    }
  }

  #add(ends: Ends): void {
    if (ends[0] + ends[1] !== '') this.#ends.set(JSON.stringify(ends), ends);
  }

  /** Whether a queue with this name is for dead letters. */
  has(name: string): boolean {
    if (this.#names.has(name)) return true;
    for (const [prefix, suffix] of this.#ends.values()) {
      const isLongEnough = name.length > prefix.length + suffix.length;
      if (isLongEnough && name.startsWith(prefix) && name.endsWith(suffix)) return true;
    }
    return false;
  }
}
