import type { Window } from '../storage/window.ts';
import type { Cursor } from './dispatch/cursor.ts';
import type { DeadLetterRules } from './endings/dead-letter-rules.ts';
import type { QueueOptions, QueueSettings } from './queue-options.ts';
import type { RetryPolicy } from './schedule/retry.ts';
import type {
  Consumer,
  Deliverer,
  Delivery,
  SubscribeOptions,
  Subscription,
} from './subscription.ts';
import type { Ticking } from './turns/turns.ts';

/** Why a message became a dead letter, in RabbitMQ's words. */
export type DeathReason = 'rejected' | 'expired' | 'maxlen' | 'delivery_limit';

/**
 * A queue of any kind: what publishing, consuming and administration ask of it. Kinds differ in the
 * order of dispatch, in what a settlement does, and in what counts as a failed delivery; one contract
 * suite runs over all of them (`tests/contract/`).
 */
export interface Queue extends Ticking, Deliverer {
  readonly kind: 'queue';
  readonly vhost: string;
  readonly name: string;
  readonly options: QueueOptions;
  /** By its arguments and the policies of the moment. */
  readonly settings: QueueSettings;
  /** Whether and when a rejected message is delivered again. */
  retry: RetryPolicy | undefined;
  /** Which of its messages become dead letters, and how; undefined for RabbitMQ's rules. */
  deadLetters: DeadLetterRules | undefined;
  /** Where its messages lie. */
  readonly window: Window;
  /** The connection that alone may use it. */
  owner: object | undefined;
  readonly isDeleted: boolean;
  /** A block that it needs is being read; only its host sets that. */
  isLoading: boolean;

  /** Messages that wait to be delivered, and bytes of their bodies. */
  readonly readyCount: number;
  readonly readyBytes: number;
  /** Messages neither ready nor with a consumer, which still have to be ended. */
  readonly endingCount: number;
  readonly consumerCount: number;
  /** Counters since the broker started. */
  readonly publishedCount: number;
  readonly deliveredCount: number;
  readonly settledCount: number;

  /**
   * Takes over what recovery found in the window.
   *
   * @param mayBeDelivered the broker crashed, so any message may have been delivered before
   */
  recover(mayBeDelivered: boolean): void;
  /** Takes other settings over: limits count at once, a time to live for messages that arrive later. */
  applySettings(settings: QueueSettings): void;
  /** A prepared transaction has settled these messages: they are neither delivered nor gone. */
  takeOut(settled: ReadonlySet<number>): void;
  /** Whether a message of this size is refused because the queue is full and no consumer helps. */
  isFull(bodyLength: number): boolean;
  /** A message was appended to the window under its last number. */
  enqueued(bodyLength: number): void;
  /** Ends what is above the queue's limits, unless a consumer takes it. */
  enforceLimit(): void;

  /**
   * Begins deliveries to a consumer; without one it is only for `Subscription.get`.
   *
   * @throws {BrokerError} `resource-locked`, or `access-refused` where either wants to be alone
   */
  subscribe(consumer: Consumer | undefined, options: SubscribeOptions): Subscription;
  removeSubscription(subscription: Subscription): void;
  /** A consumer that could take nothing may be able to again. */
  rejoin(subscription: Subscription): void;
  /** The same for all consumers. */
  rejoinAll(): void;
  /** Something changed that may let messages go out. */
  wake(): void;
  /** See `Subscription.get`. */
  get(
    subscription: Subscription,
    settled: boolean,
    answer: (delivery: Delivery | undefined) => void,
  ): void;
  /** See `Subscription.drain`. */
  drain(subscription: Subscription): void;
  /** See `Subscription.pull`. */
  pull(subscription: Subscription, timeoutMs: number): void;
  /** Reads messages without acquiring them. */
  cursor(): Cursor;

  /** A delivery was accepted. */
  accept(sequence: number): void;
  /** A delivery was rejected: a dead letter, or gone. */
  reject(sequence: number): void;
  /** A delivery comes back to its old place, unless it has failed too often. */
  requeue(sequence: number, hasFailed: boolean): void;
  /** The same, but it is not to go to this subscription again. */
  requeueElsewhere(sequence: number, hasFailed: boolean, subscription: Subscription): void;

  /** A block that the queue waits for is in memory. */
  loaded(): void;
  /** Someone used the queue: its expiry begins anew. */
  touch(): void;
  /** @throws {BrokerError} `resource-locked` where another connection owns the queue */
  requireOwner(owner: object | undefined): void;
  /** @throws {BrokerError} `resource-locked` */
  refuseOwner(): never;
  /**
   * Removes every ready message without dead letters.
   *
   * @param done told how many, once that is in the log: before this returns where there are few
   */
  purge(done: (count: number) => void): void;
  /** Ends it: consumers are told, messages are dropped. */
  end(): void;
}
