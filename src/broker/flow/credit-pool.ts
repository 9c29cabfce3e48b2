import type { Limits } from '../limits.ts';
import type { Deliverer, Subscription } from '../subscription.ts';

/** What a pool asks of its broker. */
export interface PoolHost {
  readonly limits: Limits;
  readonly turns: { markDirty(deliverer: Deliverer): void };
}

/**
 * Credit that several subscriptions share (AMQP 0-9-1: `global` qos). Subscriptions that found no
 * credit stand in a line: each unit of credit that comes back goes to the first of them, and whoever
 * was served goes to the end. So queues with a common pool are served in turn, and the cost of a
 * settlement does not depend on how many wait.
 */
export class CreditPool implements Deliverer {
  isDirty = false;
  /** Deliveries that are unsettled now. Automatic acknowledgements count nothing. */
  used = 0;
  readonly #host: PoolHost;
  #limit = Infinity;
  #first: Subscription | undefined = undefined;
  #last: Subscription | undefined = undefined;

  constructor(host: PoolHost) {
    this.#host = host;
  }

  /** Deliveries that may be unsettled at once; Infinity for any number. */
  get limit(): number {
    return this.#limit;
  }

  setLimit(limit: number): void {
    this.#limit = limit;
    this.#serve();
  }

  /** Whether another delivery is allowed. */
  get hasCredit(): boolean {
    return this.used < this.#limit;
  }

  /** Gives credit back. */
  release(count: number): void {
    this.used -= count;
    this.#serve();
  }

  #serve(): void {
    if (this.#first !== undefined && this.hasCredit) this.#host.turns.markDirty(this);
  }

  /** Puts a subscription that found no credit at the end of the line; one that stands there stays. */
  wait(subscription: Subscription): void {
    const last = this.#last;
    if (subscription.place !== undefined) return;
    subscription.place = { before: last, after: undefined };
    if (last?.place === undefined) this.#first = subscription;
    else last.place.after = subscription;
    this.#last = subscription;
  }

  /** Takes a subscription out of the line. */
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

/** A subscription's place in the line of its pool. */
export interface PlaceInLine {
  before: Subscription | undefined;
  after: Subscription | undefined;
}
