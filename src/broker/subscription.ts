import { MessageView } from '../storage/message-record.ts';
import type { CreditPool, PlaceInLine } from './flow/credit-pool.ts';
import type { Queue } from './queue.ts';

/** How a delivery ended: AMQP 1.0 part 3.4, of which every other protocol's answer is a subset. */
export type Outcome = 'accepted' | 'released' | 'rejected' | 'modified';

/** One delivery: a cursor that the next one overwrites, so a consumer copies what it needs. */
export class Delivery extends MessageView {
  /** Counts up from 0 within the subscription. */
  deliveryNumber = 0;
  redelivered = false;
  /** Failed deliveries before this one, where the queue counts them; else 0. */
  returnCount = 0;
  /** Messages the queue has ready after this one; only set for `get`. */
  left = 0;
}

/** What a protocol hands to the broker to be delivered to. Called synchronously; must not throw. */
export interface Consumer {
  /** Whether the transport takes more; `Subscription.wake` once it does again. */
  readonly isWritable: boolean;
  /** Copies what it needs; must not call the broker. */
  deliver(delivery: Delivery): void;
  /** The queue is gone; the subscription has ended. */
  cancelled(reason: string): void;
}

/** What the broker calls in its next round because it may have something to deliver. */
export interface Deliverer {
  /** In the broker's list for the next round. */
  isDirty: boolean;
  deliver(): void;
}

/** How a consumer wants a queue's messages. */
export interface SubscribeOptions {
  /** Deliveries count as accepted when sent (no-ack). */
  readonly settled: boolean;
  readonly exclusive: boolean;
  /** Higher ones are served first. */
  readonly priority: number;
  /** Deliveries that may be unsettled at once; Infinity for any number. */
  readonly prefetch: number;
  readonly pool: CreditPool | undefined;
  /** The connection, by which exclusive queues know their owner. */
  readonly owner: object;
}

/** Deliveries that a new ring has room for, and up to which it is kept when it is empty. */
const ringSize = 8;
const ringSizeKept = 65_536;

/** Credit and settlement between one queue and one consumer. */
export class Subscription {
  readonly queue: Queue;
  readonly consumer: Consumer | undefined;
  /** Deliveries neither settled nor given back. */
  unsettledCount = 0;
  #prefetch: number;
  /** Of the options what each delivery asks for; they themselves lie elsewhere in memory. */
  readonly isSettled: boolean;
  readonly #pool: CreditPool | undefined;
  /** Its place in the pool's queue for credit; undefined while it does not wait. */
  place: PlaceInLine | undefined = undefined;
  /** Sequence numbers by delivery number; -1 once settled; -2 less the number where it is set aside. */
  #ring = new Float64Array(ringSize);
  #first = 0;
  #next = 0;
  isActive = true;
  #isClosed = false;
  readonly options: SubscribeOptions;

  constructor(queue: Queue, consumer: Consumer | undefined, options: SubscribeOptions) {
    this.queue = queue;
    this.consumer = consumer;
    this.options = options;
    this.#prefetch = options.prefetch;
    this.isSettled = options.settled;
    this.#pool = options.pool;
  }

  /** Whether the next message may go here. */
  canTake(): boolean {
    if (this.consumer?.isWritable !== true) return false;
    if (!this.isSettled && this.unsettledCount >= this.#prefetch) return false;
    const pool = this.#pool;
    if (pool === undefined || pool.hasCredit) return true;
    pool.wait(this);
    return false;
  }

  /** The number of the next delivery, which stays unsettled until `settle`. */
  hold(sequence: number): number {
    if (this.#next - this.#first >= this.#ring.length) this.#grow();
    this.#ring[this.#next & (this.#ring.length - 1)] = sequence;
    this.unsettledCount++;
    if (this.#pool !== undefined) this.#pool.used++;
    return this.#next++;
  }

  /** The number of a delivery that needs no settling. */
  skip(): number {
    if (this.unsettledCount === 0) this.#first = this.#next + 1;
    else {
      this.hold(-1);
      this.#forget(1);
      return this.#next - 1;
    }
    return this.#next++;
  }

  #grow(): void {
    const ring = new Float64Array(this.#ring.length * 2);
    for (let n = this.#first; n < this.#next; n++) {
      ring[n & (ring.length - 1)] = this.#ring[n & (this.#ring.length - 1)] ?? -1;
    }
    this.#ring = ring;
  }

  #forget(count: number): void {
    this.unsettledCount -= count;
    this.#pool?.release(count);
    const mask = this.#ring.length - 1;
    while (this.#first < this.#next && (this.#ring[this.#first & mask] ?? -1) === -1) this.#first++;
    if (this.#first === this.#next && mask >= ringSizeKept) this.#ring = new Float64Array(ringSize);
  }

  /**
   * Settles deliveries by number, both ends included; those settled before are passed over.
   *
   * @returns how many were settled now
   */
  settle(first: number, last: number, outcome: Outcome, hasFailed = true): number {
    const from = Math.max(first, this.#first);
    let count = 0;
    const isBack = outcome === 'released' || outcome === 'modified';
    const isLastFirst = goesLastFirst(this.queue, isBack);
    const to = Math.min(last, this.#next - 1);
    for (let i = from; i <= to; i++) {
      // A dead letter may be delivered here at once, and the ring grow.
      const at = (isLastFirst ? to - (i - from) : i) & (this.#ring.length - 1);
      const sequence = this.#ring[at] ?? -1;
      if (sequence < 0) continue;
      this.#ring[at] = -1;
      count++;
      if (outcome === 'accepted') this.queue.accept(sequence);
      else if (outcome === 'rejected') this.queue.reject(sequence);
      else this.queue.giveBack(sequence, hasFailed);
    }
    if (count > 0) {
      this.#forget(count);
      if (isBack) this.queue.shorten();
      this.queue.wake();
    }
    return count;
  }

  /** The number of the first delivery that is not settled; where all are, that of the next one. */
  get firstUnsettled(): number {
    return this.#first;
  }

  /** Whether this delivery still waits to be settled. */
  isUnsettled(deliveryNumber: number): boolean {
    if (deliveryNumber < this.#first || deliveryNumber >= this.#next) return false;
    return (this.#ring[deliveryNumber & (this.#ring.length - 1)] ?? -1) >= 0;
  }

  /**
   * Sets an unsettled delivery aside: it stays in this account, and only {@link conclude} or
   * {@link resume} changes that.
   *
   * @returns the message's sequence number; -1 where the delivery is not unsettled
   */
  setAside(deliveryNumber: number): number {
    if (!this.isUnsettled(deliveryNumber)) return -1;
    const at = deliveryNumber & (this.#ring.length - 1);
    const sequence = this.#ring[at] ?? -1;
    this.#ring[at] = -2 - sequence;
    return sequence;
  }

  /** A delivery that was set aside is settled. */
  conclude(deliveryNumber: number): void {
    this.#ring[deliveryNumber & (this.#ring.length - 1)] = -1;
    this.#forget(1);
    this.queue.wake();
  }

  /** A delivery that was set aside is unsettled as before; false where nobody is left to settle it. */
  resume(deliveryNumber: number): boolean {
    if (this.#isClosed) return false;
    const at = deliveryNumber & (this.#ring.length - 1);
    this.#ring[at] = -2 - (this.#ring[at] ?? -1);
    return true;
  }

  /** Changes how many deliveries may be unsettled at once. */
  setPrefetch(prefetch: number): void {
    this.#prefetch = prefetch;
    this.queue.wake();
  }

  /** The transport or the shared pool takes more again. */
  wake(): void {
    this.queue.wake();
  }

  /**
   * Takes one message out of turn (basic.get). `answer` is called before this returns unless the
   * message must come from the disk; never where the subscription is stopped before it has come.
   */
  get(settled: boolean, answer: (delivery: Delivery | undefined) => void): void {
    this.queue.get(this, settled, answer);
  }

  /** No more deliveries; what is unsettled lives on (basic.cancel). */
  stop(): void {
    if (!this.isActive) return;
    this.end();
    this.queue.leave(this);
  }

  /** The queue is gone: no more deliveries. */
  end(): void {
    this.isActive = false;
    this.#pool?.leave(this);
  }

  /** Ends it, settling what is left with one outcome. */
  close(outcome: Outcome): void {
    this.#isClosed = true;
    this.settle(this.#first, this.#next - 1, outcome, true);
    this.stop();
  }
}

/**
 * What goes back goes last first, so that the queue's cursor can just move back; but not where some of
 * it may die of it, in the order it came.
 */
function goesLastFirst({ settings }: Queue, isBack: boolean): boolean {
  return isBack && settings.deliveryLimit === Infinity;
}
