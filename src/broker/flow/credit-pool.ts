// Shared credit of several subscriptions.

import type { Limits } from '../limits.ts';
import type { Deliverer, Subscription } from '../subscription.ts';

/** The interface to the broker. */
export interface PoolHost {
  readonly limits: Limits;
  readonly turns: { markDirty(deliverer: Deliverer): void };
}

/**
 * Credit that several subscriptions share (AMQP 0-9-1: `global` qos). Subscriptions without credit
 * wait in a line. Returned credit goes to the first of them, which then moves to the end. Queues
 * with a common pool are therefore served in turn, and the cost of a settlement does not depend on
 * the number of waiting subscriptions.
 */
export class CreditPool implements Deliverer {
  isDirty = false;
  /** Unsettled deliveries. Deliveries without acknowledgement do not count. */
  used = 0;
  readonly #host: PoolHost;
  #limit = Infinity;
  #first: Subscription | undefined = undefined;
  #last: Subscription | undefined = undefined;

  constructor(host: PoolHost) {
    this.#host = host;
  }

  /** Maximum number of unsettled deliveries; Infinity for no limit. */
  get limit(): number {
    return this.#limit;
  }

  setLimit(limit: number): void {
    this.#limit = limit;
    this.#serve();
  }

  /** Whether another delivery is permitted. */
  get hasCredit(): boolean {
    return this.used < this.#limit;
  }

  /** Returns credit. */
  release(count: number): void {
    this.used -= count;
    this.#serve();
  }

  #serve(): void {
    if (this.#first !== undefined && this.hasCredit) this.#host.turns.markDirty(this);
  }

  /** Adds a subscription without credit to the end of the line, unless it is in the line. */
  wait(subscription: Subscription): void {
    const last = this.#last;
    if (subscription.place !== undefined) return;
    subscription.place = { before: last, after: undefined };
    if (last?.place === undefined) this.#first = subscription;
    else last.place.after = subscription;
    this.#last = subscription;
  }

  /** Removes a subscription from the line. */
  leave(subscription: Subscription): void {
    const { place } = subscription;
    if (place === undefined) return;
    subscription.place = undefined;
    const { before, after } = place;
    if (before?.place === undefined) this.#first = after;
    else before.place.after = after;
    if (after?.place === undefined) this.#last = before;
    else after.place.before = before;
  }

  /** Serves the line while there is credit. */
  deliver(): void {
    for (let left = this.#host.limits.burstCountMax; left > 0; left--) {
      const first = this.#first;
      if (first === undefined || !this.hasCredit) return;
      this.leave(first);
      first.wake();
      first.queue.deliver();
    }
    this.#serve();
  }
}

/** The position of a subscription in the line. */
export interface PlaceInLine {
  before: Subscription | undefined;
  after: Subscription | undefined;
}
