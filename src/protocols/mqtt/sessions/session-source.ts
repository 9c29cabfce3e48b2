// A queue that a session consumes from.

import type { Queue } from '../../../broker/queue.ts';
import type { Consumer, Delivery, Subscription } from '../../../broker/subscription.ts';
import type { SubscriptionSet } from './subscription-set.ts';

/**
 * The kind of a queue:
 *
 * - `kept`: messages for subscriptions with quality of service 1 or 2.
 * - `live`: messages for subscriptions with quality of service 0, which are dropped while the client is
 *   not connected.
 * - `shared`: messages of a shared subscription.
 */
export type SourceKind = 'kept' | 'live' | 'shared';

/** The receiver of the messages. */
export interface SourceTaker {
  isWritableFor(source: SessionSource): boolean;
  take(source: SessionSource, delivery: Delivery): void;
  /** Prepares the delivery of a large message; see `Consumer.prepare`. */
  prepare(delivery: Delivery): Promise<void> | undefined;
  /** The queue was deleted. */
  lost(source: SessionSource): void;
}

/** A queue that a session consumes from. */
export class SessionSource implements Consumer {
  readonly queue: Queue;
  readonly kind: SourceKind;
  /** The subscriptions that its messages are compared with. */
  readonly set: SubscriptionSet;
  readonly #taker: SourceTaker;
  #subscription: Subscription | undefined = undefined;

  constructor(taker: SourceTaker, queue: Queue, kind: SourceKind, set: SubscriptionSet) {
    this.#taker = taker;
    this.queue = queue;
    this.kind = kind;
    this.set = set;
  }

  /** Starts to consume. */
  open(owner: object): void {
    this.#subscription = this.queue.subscribe(this, {
      settled: this.kind === 'live',
      exclusive: false,
      priority: 0,
      prefetch: Infinity,
      pool: undefined,
      owner,
    });
  }

  /** The subscription in the core; set before the first delivery. */
  get subscription(): Subscription {
    return this.#subscription as Subscription; // set by open() before
  }

  get isWritable(): boolean {
    return this.#taker.isWritableFor(this);
  }

  deliver(delivery: Delivery): void {
    this.#taker.take(this, delivery);
  }

  prepare(delivery: Delivery): Promise<void> | undefined {
    return this.#taker.prepare(delivery);
  }

  /** The queue was deleted. Its messages in flight can still be acknowledged. */
  cancelled(): void {
    this.#taker.lost(this);
  }

  wake(): void {
    if (this.subscription.isActive) this.subscription.wake();
  }

  /** Requeues the messages that were not acknowledged, in steps, and stops. */
  *release(): Generator<void> {
    yield* this.subscription.settleInSteps(0, Number.MAX_SAFE_INTEGER, 'released');
    this.subscription.stop();
  }
}
