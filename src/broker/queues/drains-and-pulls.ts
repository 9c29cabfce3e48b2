// Drains and pulls of subscriptions.

import type { Queue } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import type { Subscription } from '../subscription.ts';

/** Binary logarithm of the number of draining subscriptions that are visited in a microsecond. */
const drainedPerUnitBits = 4;

/** Milliseconds until a due pull is checked again while a block is being read. */
const loadingMs = 10;

/**
 * One-time requests of subscriptions: to use up their credit (drain), or to get one message in time
 * (pull).
 */
export class DrainsAndPulls {
  readonly #host: QueueHost;
  readonly #queue: Queue;
  /** Subscriptions that drain their credit. */
  readonly #draining = new Set<Subscription>();
  /** Subscriptions that wait for one message. */
  readonly #pulling = new Set<Subscription>();

  constructor(host: QueueHost, queue: Queue) {
    this.#host = host;
    this.#queue = queue;
  }

  /** See `Subscription.drain`. */
  drain(subscription: Subscription): void {
    this.#draining.add(subscription);
    this.#queue.deliver();
    if (this.#queue.isDeleted) this.delivered();
  }

  /** See `Subscription.pull`. */
  pull(subscription: Subscription, timeoutMs: number): void {
    const queue = this.#queue;
    subscription.wake();
    queue.deliver();
    if (!subscription.isPulling || timeoutMs === Infinity) return;
    if (timeoutMs <= 0 && !queue.isLoading) {
      subscription.expirePull();
      return;
    }
    subscription.pullDueMs = this.#host.nowMs() + timeoutMs;
    this.#pulling.add(subscription);
    this.#host.turns.schedule(queue, subscription.pullDueMs);
  }

  /**
   * Ends drains and pulls when no further deliveries are possible. Subscriptions with a writable
   * transport have then received all messages that they can.
   */
  delivered(): void {
    const { isLoading, isDeleted, readyCount } = this.#queue;
    if (isLoading) return;
    // Those that cannot be ended yet are visited again after each round of deliveries.
    this.#host.turns.unitsLeft -= this.#draining.size >>> drainedPerUnitBits;
    for (const subscription of this.#draining) {
      const isBlocked = subscription.credit > 0 && subscription.consumer?.isWritable !== true;
      if (isBlocked && readyCount > 0 && !isDeleted) continue;
      this.#draining.delete(subscription);
      subscription.endDrain();
    }
  }

  /** Ends the pulls that are due. */
  tick(nowMs: number): void {
    for (const subscription of this.#pulling) {
      const { pullDueMs } = subscription;
      if (pullDueMs === Infinity) this.#pulling.delete(subscription);
      else if (pullDueMs > nowMs) this.#host.turns.schedule(this.#queue, pullDueMs);
      else if (this.#queue.isLoading) this.#host.turns.schedule(this.#queue, nowMs + loadingMs);
      else {
        this.#pulling.delete(subscription);
        subscription.expirePull();
      }
    }
  }

  /** A subscription has ended. */
  remove(subscription: Subscription): void {
    this.#draining.delete(subscription);
    this.#pulling.delete(subscription);
  }
}
