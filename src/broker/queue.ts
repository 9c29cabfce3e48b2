// The interface of queues.

import type { QueueIndex } from '../storage/queue-index.ts';
import type { DeadLetterRules } from './dead-lettering/dead-letter-rules.ts';
import type { MessageCursor } from './dispatch/cursor.ts';
import type { GroupRules } from './dispatch/groups.ts';
import type { QueueOptions, QueueSettings } from './queue-options.ts';
import type { DelayedMessages } from './queues/delayed-messages.ts';
import type { Rewriting } from './queues/rewriting.ts';
import type { RetryPolicy } from './schedule/retry.ts';
import type {
  Consumer,
  Deliverer,
  Delivery,
  SubscribeOptions,
  Subscription,
} from './subscription.ts';
import type { Ticking } from './turns/turns.ts';

/** The reason for a dead letter, with the names of RabbitMQ. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/** Messages that are neither ready nor with a consumer, because they are removed or changed. */
export interface DisposalCounts {
  readonly count: number;
  /** The dead ones, and the size of their bodies. */
  readonly letterCount: number;
  readonly letterBytes: number;
  /** Those that are changed soon. */
  readonly rewritingCount: number;
}

/**
 * A queue of any kind, as used by publishing, consuming and administration. Kinds differ in the
 * dispatch order, the effect of settlements, and the counting of failed deliveries.
 * `tests/contract/` contains tests that run for all kinds.
 */
export interface Queue extends Ticking, Deliverer {
  readonly kind: 'queue';
  readonly vhost: string;
  readonly name: string;
  readonly options: QueueOptions;
  /** The settings according to the arguments and the current policies. */
  readonly settings: QueueSettings;
  /** The policy for retrying rejected messages. */
  retry: RetryPolicy | undefined;
  /** Rules for the dead letters of the queue; undefined for RabbitMQ's rules. */
  deadLetters: DeadLetterRules | undefined;
  /** Maximum number of ready messages that no consumer wants which are passed for one that is wanted. */
  passedCountMax: number;
  /** Called before the message of an accepted delivery is removed; undefined for nobody. */
  onAccepted: ((sequence: number) => void) | undefined;
  /** The positions of the queue's messages. */
  readonly index: QueueIndex;
  /** The connection that has exclusive access. */
  owner: object | undefined;
  readonly isDeleted: boolean;
  /** When it was created, lost a consumer, or was read from last; milliseconds since 1970. */
  readonly usedAtMs: number;
  /** Whether a block is being read for the queue. Only the host sets it. */
  isLoading: boolean;

  /** The number of ready messages, and the size of their bodies. */
  readonly readyCount: number;
  readonly readyBytes: number;
  /** Messages that are removed in later slices; undefined if there were none. */
  readonly disposal: DisposalCounts | undefined;
  /** Messages that were returned and wait before they are delivered again; undefined for none. */
  readonly delayed: DelayedMessages | undefined;
  readonly consumerCount: number;
  /** Counters since the broker started. */
  readonly publishedCount: number;
  readonly deliveredCount: number;
  readonly settledCount: number;

  /**
   * Initialises the queue from its recovered index, in steps of some tens of microseconds.
   *
   * @param mayBeDelivered the broker crashed, so any message may have been delivered before
   */
  recover(mayBeDelivered: boolean): Iterable<void>;
  /** Applies changed settings. Limits take effect at once, a time to live only for new messages. */
  applySettings(settings: QueueSettings): void;
  /** Takes out messages that a prepared transaction has settled. They remain in the index. */
  takeOut(settled: ReadonlySet<number>): void;
  /** Whether the queue is full and would refuse a message of this size. */
  isFull(bodyLength: number): boolean;
  /** Makes the message that was last appended to the index ready. */
  enqueued(bodyLength: number): void;
  /** Removes messages above the limits of the queue, unless a consumer takes them. */
  enforceLimit(): void;

  /**
   * Creates a subscription. Without a consumer, it is only for `Subscription.get`.
   *
   * @throws {BrokerError} `resource-locked`; `access-refused` because of an exclusive consumer
   */
  subscribe(consumer: Consumer | undefined, options: SubscribeOptions): Subscription;
  removeSubscription(subscription: Subscription): void;
  /** Makes a consumer available again that could not take a message. */
  rejoin(subscription: Subscription): void;
  /** Makes all consumers available again, one per step. */
  rejoinAll(): Generator<void>;
  /** Delivers ready messages in the next dispatch round, because of a change that may permit it. */
  wake(): void;
  /** See `Subscription.get`. */
  get(
    subscription: Subscription,
    settled: boolean,
    answer: (delivery: Delivery | undefined) => void,
    wanted?: number,
  ): void;
  /** See `Subscription.drain`. */
  drain(subscription: Subscription): void;
  /** See `Subscription.pull`. */
  pull(subscription: Subscription, timeoutMs: number): void;
  /**
   * Assigns the messages of each group to one consumer, in order.
   *
   * @param before messages with this number and higher ones have no group; by default, any message
   *   may have one
   */
  groupBy(rules: GroupRules, before?: number): void;
  /** Reads messages without acquiring them. */
  cursor(): MessageCursor;

  /** Removes the message of an accepted delivery. */
  accept(sequence: number): void;
  /** Removes the message of a rejected delivery. It is dead lettered or dropped. */
  reject(sequence: number, cause?: string): void;
  /** Requeues a delivery at its old position, unless it has failed too often. */
  requeue(sequence: number, hasFailed: boolean): void;
  /** Like {@link requeue}, but the subscription must not receive the message again. */
  requeueElsewhere(sequence: number, hasFailed: boolean, subscription: Subscription): void;
  /**
   * Requeues or rejects a delivery with changes. A requeued message is replaced by its changed copy
   * at the end of the queue, in one batch.
   */
  rewrite(sequence: number, rewriting: Rewriting): void;

  /** Called when a block that the queue waits for is in memory. */
  loaded(): void;
  /** Restarts the time after which an unused queue expires. */
  touch(): void;
  /** @throws {BrokerError} `resource-locked` if another connection owns the queue */
  requireOwner(owner: object | undefined): void;
  /** @throws {BrokerError} `resource-locked` */
  refuseOwner(): never;
  /**
   * Removes all ready messages without dead letters.
   *
   * @param done called with their number once the removal is in the log; before this returns if
   *   there are few
   */
  purge(done: (count: number) => void): void;
  /** Ends the queue: cancels its consumers and drops its messages, in slices if there are many. */
  end(): void;
}
