import { MessageView } from '../storage/message-record.ts';
import { Unsettled } from './dispatch/unsettled.ts';
import type { CreditPool, PlaceInLine } from './flow/credit-pool.ts';
import type { Queue } from './queue.ts';

/**
 * How a delivery ended: AMQP 1.0 part 3.4, of which every other protocol's answer is a subset.
 * `modified` is `released` with a remark; see {@link Modification}.
 */
export type Outcome = 'accepted' | 'released' | 'rejected' | 'modified';

/** What is to change of a message that comes back. */
interface Modification {
  /** The delivery counts as failed. */
  readonly deliveryFailed: boolean;
  /** The same subscription is not to get the message again. */
  readonly undeliverableHere: boolean;
}

/** The usual remark: the delivery failed. What is not known to have gone well counts as that. */
const failedDelivery: Modification = { deliveryFailed: true, undeliverableHere: false };

/** One delivery: a cursor that the next one overwrites, so a consumer copies what it needs. */
export class Delivery extends MessageView {
  /** Counts up from 0 within the subscription. */
  deliveryNumber = 0;
  redelivered = false;
  /** Failed deliveries before this one, where the queue counts them; else 0. */
  deliveryCount = 0;
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
  /** No other consumer may be there. */
  readonly exclusive: boolean;
  /** Higher ones are served first. */
  readonly priority: number;
  /**
   * Deliveries that may be unsettled at once, Infinity for any number: AMQP 0-9-1's policy, by which
   * each settlement gives its credit back. Undefined for none: then credit comes by
   * `Subscription.grant`, and each delivery uses one up.
   */
  readonly prefetch: number | undefined;
  readonly pool: CreditPool | undefined;
  /** The connection, by which exclusive queues know their owner. */
  readonly owner: object;
  /** The only messages that the consumer wants; the view is open on each that is asked about. */
  readonly selector?: ((message: MessageView) => boolean) | undefined;
  /** While any such consumer is there, one of them alone gets messages (ActiveMQ's exclusive consumer). */
  readonly isPreferred?: boolean | undefined;
}

/** Credit of a subscription that is not limited, and the most that one may be granted. */
const creditMax = 2 ** 30;

/** Deliveries that `settleInSteps` settles at once, and where they are more, in one step. */
const settledAtOnceMax = 256;
const stepSize = 16;

/** Credit and settlement between one queue and one consumer. */
export class Subscription {
  readonly queue: Queue;
  readonly consumer: Consumer | undefined;
  /** Deliveries that may still be sent; below 0 where the prefetch was lowered. */
  credit: number;
  /** Of the options what each delivery asks for; they themselves lie elsewhere in memory. */
  readonly isSettled: boolean;
  readonly #pool: CreditPool | undefined;
  readonly #unsettled = new Unsettled();
  /** Its prefetch; undefined where credit is granted. */
  #window: number | undefined;
  /** Its place in the pool's queue for credit; undefined while it does not wait. */
  place: PlaceInLine | undefined = undefined;
  isActive = true;
  #isClosed = false;
  /** It could take nothing when it was asked last; only `Consumers` sets that. */
  isWaiting = false;
  /** Told once the queue has nothing more for the credit there is; undefined while nobody drains. */
  #drained: ((unused: number) => void) | undefined = undefined;
  #pullEnded: (() => void) | undefined = undefined;
  /** When the pull ends without a message, wall milliseconds. */
  pullDueMs = Infinity;
  readonly options: SubscribeOptions;

  constructor(queue: Queue, consumer: Consumer | undefined, options: SubscribeOptions) {
    this.queue = queue;
    this.consumer = consumer;
    this.options = options;
    this.#window = options.prefetch === undefined ? undefined : limited(options.prefetch);
    this.isSettled = options.settled;
    // What needs no settling would never give credit of a window back, so it uses none.
    this.credit = options.settled && this.#window !== undefined ? creditMax : (this.#window ?? 0);
    this.#pool = options.pool;
  }

  /** Deliveries neither settled nor given back. */
  get unsettledCount(): number {
    return this.#unsettled.count;
  }

  /** Whether the next message may go here. */
  canTake(): boolean {
    if (this.credit <= 0 || this.consumer?.isWritable !== true) return false;
    const pool = this.#pool;
    if (pool === undefined || pool.hasCredit) return true;
    pool.wait(this);
    return false;
  }

  /** The number of the next delivery, which stays unsettled until `settle`. */
  hold(sequence: number): number {
    this.credit--;
    if (this.#pool !== undefined) this.#pool.used++;
    if (this.#pullEnded !== undefined) this.#endPull();
    return this.#unsettled.add(sequence);
  }

  /** The number of a delivery that needs no settling. */
  skip(): number {
    if (this.#window === undefined) this.credit--;
    if (this.#pullEnded !== undefined) this.#endPull();
    return this.#unsettled.skip();
  }

  /**
   * Settles deliveries by number, both ends included and in any order; those settled before are passed
   * over.
   *
   * @param modification of `modified`; what else comes back is as it was
   * @returns how many were settled now
   */
  settle(first: number, last: number, outcome: Outcome, modification = failedDelivery): number {
    const isBack = outcome === 'released' || outcome === 'modified';
    const count = goesLastFirst(this.queue, isBack)
      ? this.#settleLastFirst(first, last, outcome, modification)
      : this.#settleInOrder(first, last, outcome, modification);
    if (count === 0) return 0;
    this.#settled(count);
    if (isBack) this.queue.enforceLimit();
    this.wake();
    return count;
  }

  /** So many deliveries were settled: their credit comes back. */
  #settled(count: number): void {
    this.#unsettled.close();
    if (this.#window !== undefined) this.credit += count;
    this.#pool?.release(count);
  }

  #settleInOrder(first: number, last: number, outcome: Outcome, how: Modification): number {
    const unsettled = this.#unsettled;
    const to = Math.min(last, unsettled.next - 1);
    let count = 0;
    if (first < unsettled.ringFirst) {
      for (const n of unsettled.older(first, last)) count += this.#settleOne(n, outcome, how);
    }
    for (let n = Math.max(first, unsettled.ringFirst); n <= to; n++) {
      count += this.#settleOne(n, outcome, how);
    }
    return count;
  }

  #settleLastFirst(first: number, last: number, outcome: Outcome, how: Modification): number {
    const unsettled = this.#unsettled;
    const from = Math.max(first, unsettled.ringFirst);
    let count = 0;
    for (let n = Math.min(last, unsettled.next - 1); n >= from; n--) {
      count += this.#settleOne(n, outcome, how);
    }
    if (first >= from) return count;
    const older = unsettled.older(first, last).toReversed();
    for (const n of older) count += this.#settleOne(n, outcome, how);
    return count;
  }

  #settleOne(number: number, outcome: Outcome, modification: Modification): number {
    const sequence = this.#unsettled.take(number);
    if (sequence < 0) return 0;
    if (outcome === 'accepted') this.queue.accept(sequence);
    else if (outcome === 'rejected') this.queue.reject(sequence);
    else if (outcome === 'released') this.queue.requeue(sequence, false);
    else if (modification.undeliverableHere) {
      this.queue.requeueElsewhere(sequence, modification.deliveryFailed, this);
    } else this.queue.requeue(sequence, modification.deliveryFailed);
    return 1;
  }

  /** The same a few at a time, from the first to the last: so many may take more than one turn. */
  *settleInSteps(first: number, last: number, outcome: Outcome): Generator<void> {
    const unsettled = this.#unsettled;
    const to = Math.min(last, unsettled.next - 1);
    if (to - first < settledAtOnceMax) {
      this.settle(first, to, outcome);
      return;
    }
    for (let from = unsettled.from(first); from <= to; from = unsettled.from(from + stepSize)) {
      this.settle(from, Math.min(from + stepSize - 1, to), outcome);
      yield;
    }
  }

  /** The number of the first delivery that is not settled; where all are, that of the next one. */
  get firstUnsettled(): number {
    return this.#unsettled.from(0);
  }

  /** Whether this delivery still waits to be settled. */
  isUnsettled(deliveryNumber: number): boolean {
    return this.#unsettled.has(deliveryNumber);
  }

  /**
   * Sets an unsettled delivery aside: it stays in this account, and only {@link conclude} or
   * {@link resume} changes that.
   *
   * @returns the message's sequence number; -1 where the delivery is not unsettled
   */
  setAside(deliveryNumber: number): number {
    return this.#unsettled.setAside(deliveryNumber);
  }

  /** A delivery that was set aside is settled. */
  conclude(deliveryNumber: number): void {
    this.#unsettled.resume(deliveryNumber);
    this.#unsettled.take(deliveryNumber);
    this.#settled(1);
    this.wake();
  }

  /** A delivery that was set aside is unsettled as before; false where nobody is left to settle it. */
  resume(deliveryNumber: number): boolean {
    if (this.#isClosed) return false;
    this.#unsettled.resume(deliveryNumber);
    return true;
  }

  /** Changes how many deliveries may be unsettled at once. */
  setPrefetch(prefetch: number): void {
    const window = limited(prefetch);
    if (!this.isSettled) this.credit += window - (this.#window ?? 0);
    this.#window = window;
    this.wake();
  }

  /**
   * Allows more deliveries; for a subscription without a prefetch, or beyond it.
   *
   * @param count added to the credit there is; below 0 it is taken back
   */
  grant(count: number): void {
    this.credit = Math.min(this.credit + count, creditMax);
    this.wake();
  }

  /**
   * Has the credit used up: what is ready is delivered, and credit that is left then is taken back.
   *
   * @param drained told how much was left, once the queue has nothing more: before this returns where
   *   nothing must be read from the disk and the transport takes it all
   */
  drain(drained: (unused: number) => void): void {
    this.#drained = drained;
    this.queue.drain(this);
  }

  /** The queue has nothing more for this subscription, or it has no credit left. */
  endDrain(): void {
    const drained = this.#drained;
    const unused = Math.max(0, this.credit);
    this.#drained = undefined;
    if (this.#window === undefined) this.credit = 0;
    drained?.(unused);
  }

  /**
   * Asks for one message. A pull that has not ended is replaced.
   *
   * @param timeoutMs milliseconds to wait for it; 0 takes what is ready only, Infinity waits for ever
   * @param ended told where none came in time, and where the subscription ends before
   */
  pull(timeoutMs: number, ended: () => void): void {
    if (this.#pullEnded === undefined) this.credit++;
    this.#pullEnded = ended;
    this.pullDueMs = Infinity;
    this.queue.pull(this, timeoutMs);
  }

  /** Whether a pull waits for its message. */
  get isPulling(): boolean {
    return this.#pullEnded !== undefined;
  }

  /** No message has come in time. */
  expirePull(): void {
    const ended = this.#pullEnded;
    if (ended === undefined) return;
    this.credit--;
    this.#endPull();
    ended();
  }

  #endPull(): void {
    this.#pullEnded = undefined;
    this.pullDueMs = Infinity;
  }

  /** Its transport or its credit may let it take more. */
  wake(): void {
    if (this.isWaiting) {
      this.isWaiting = false;
      this.queue.rejoin(this);
    } else this.queue.wake();
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
    this.queue.removeSubscription(this);
  }

  /** The queue is gone: no more deliveries. */
  end(): void {
    this.isActive = false;
    this.#pool?.leave(this);
    if (this.#drained !== undefined) this.endDrain();
    this.expirePull();
  }

  /** Ends it, settling what is left with one outcome. */
  close(outcome: Outcome): void {
    this.#isClosed = true;
    this.settle(0, this.#unsettled.next - 1, outcome);
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

function limited(prefetch: number): number {
  return Math.min(prefetch, creditMax);
}
