// ActiveMQ's default rules for dead letters.

import type { Argument, ArgumentChanges } from '../arguments.ts';
import type { DeadLetterRules, Death } from '../dead-lettering/dead-letter-rules.ts';
import type { DeathReason, Queue } from '../queue.ts';
import type { Delivery } from '../subscription.ts';
import { qualifiedName } from './destination.ts';

/** The shared dead-letter queue, which is ActiveMQ's default. */
export const deadLetterQueue = 'ActiveMQ.DLQ';

/** Headers of a dead letter with its origin and the cause. */
export const deadLetterHeaders = {
  /** For example `queue://A`. */
  originalDestination: 'originalDestination',
  /** Unix time in milliseconds; 0 for none. */
  originalExpiration: 'originalExpiration',
  /** The class and text of the Java exception. */
  cause: 'dlqDeliveryFailureCause',
} as const;

const text = (value: string): Argument => ({ type: 'longstr', value });

/**
 * ActiveMQ's default rules: rejected and expired messages go to {@link deadLetterQueue}, except
 * non-persistent messages and messages that are already in it.
 *
 * @param topicExchange the exchange of messages that arrived through a topic
 */
export function sharedStrategy(topicExchange: string): DeadLetterRules {
  return {
    takes(queue: Queue, view: Delivery, _reason: DeathReason): boolean {
      return view.isPersistent && queue.name !== deadLetterQueue;
    },

    changes({ queue, letter, reason, expiresAtMs, headers }: Death): ArgumentChanges {
      const isTopic = letter.from === topicExchange && queue.name.startsWith('amq.subscription.');
      const original = isTopic
        ? ({ kind: 'topic', name: letter.routingKey } as const)
        : ({ kind: 'queue', name: queue.name } as const);
      const { originalDestination, originalExpiration, cause } = deadLetterHeaders;
      const expiration = expiresAtMs === Infinity ? 0 : expiresAtMs;
      const changes: Record<string, Argument> = {};
      changes[originalDestination] = text(qualifiedName(original));
      if (headers[originalExpiration] === undefined) {
        changes[originalExpiration] = { type: 'long', value: expiration };
      }
      if (reason === 'expired') {
        changes[cause] = text(`java.lang.Throwable: Message Expired. Expiration:${expiration}`);
      }
      return changes;
    },
  };
}
