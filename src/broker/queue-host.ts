// The interface between queues and the broker.

import type { MessageStore } from '../storage/message-store.ts';
import type { LargeConversions } from './conversion/large-conversions.ts';
import type { SafeLetter } from './dead-lettering/dead-letter-router.ts';
import type { Destination } from './exchanges/binding.ts';
import type { Exchange } from './exchanges/exchange.ts';
import type { LogWaiters } from './flow/log-waiters.ts';
import type { MessageFormat } from './format.ts';
import type { Limits } from './limits.ts';
import type { LongPublishes } from './publishing/long-publishes.ts';
import type { DeathReason, Queue } from './queue.ts';
import type { Personality } from './rabbitmq/personality.ts';
import type { Delivery } from './subscription.ts';
import type { Turns } from './turns/turns.ts';
import type { Vhost } from './vhost.ts';

/** The broker, as queues use it. */
export interface QueueHost {
  readonly store: MessageStore;
  /** The view for deliveries, which all queues share. */
  readonly delivery: Delivery;
  readonly limits: Limits;
  readonly personality: Personality;
  /** Milliseconds since 1970, read once per turn. */
  nowMs(): number;
  readonly turns: Turns;
  /** Objects that wait until data is on disk. */
  readonly logWaiters: LogWaiters;
  /** The format with a number; undefined if it is unknown. */
  formatOf(number: number): MessageFormat | undefined;
  /** Dead letters, among others, that take more than one turn. */
  readonly longPublishes: LongPublishes;
  readonly isRecovering: boolean;
  /** Publishes a message to the dead letter exchange of the queue. The view is open on it. */
  deadLetter(queue: Queue, view: Delivery, reason: DeathReason): void;
  /**
   * Publishes a message to the dead letter exchange of the queue, to all queues that it is routed to, and
   * to at least one. The view is open on it.
   *
   * @param progress which queues have it already, where those that get it are added, and who is told if
   *   the result comes later
   * @returns whether all have it. If not, `ended` has been or will be called
   */
  deadLetterSafely(...of: SafeLetter): boolean;
  /** Conversions of large messages, which are prepared before these are delivered. */
  readonly conversions: LargeConversions;
  /** Loads a block and then pumps. */
  load(queue: Queue, sequence: number): void;
  deleteQueue(queue: Queue): void;
  /** Passes the messages that an exchange has kept to a new destination. */
  replay(vhost: Vhost, source: Exchange, destination: Destination): void;
  /** A queue was deleted. Its counters are added to the totals. */
  queueEnded(queue: Queue): void;
}
