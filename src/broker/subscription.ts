// Consumers of queues: credit, deliveries and settlement.

import { MessageView } from '../storage/message-record.ts';
import type { QueueIndex } from '../storage/queue-index.ts';
import { Unsettled } from './dispatch/unsettled.ts';
import type { CreditPool, PlaceInLine } from './flow/credit-pool.ts';
import type { Queue } from './queue.ts';
import type { StreamStart } from './streams/stream-start.ts';

/**
 * The outcome of a delivery (AMQP 1.0 part 3.4). The answers of all other protocols are a subset.
 * `modified` is `released` with a {@link Modification}.
 */
export type Outcome = 'accepted' | 'released' | 'rejected' | 'modified';

/** The changes of a message that is requeued or rejected. */
export interface Modification {
  /** The delivery counts as failed. */
  readonly deliveryFailed: boolean;
  /** Whether the subscription must not receive the message again. */
  readonly undeliverableHere: boolean;
  /** Why the message is rejected. Only ActiveMQ's dead letters state it. */
  readonly cause?: string | undefined;
  /** Changes a message that is not accepted; see `Rewriting`. `undeliverableHere` is then ignored. */
  readonly changed?: ((delivery: Delivery) => Delivery) | undefined;
  /** When a changed message may be delivered again; see `Rewriting`. */
  readonly readyAtMs?: number | undefined;
}

/** The default: the delivery failed. This applies unless a success is known. */
const failedDelivery: Modification = { deliveryFailed: true, undeliverableHere: false };

/** A delivery. The object is reused for the next one, so a consumer copies what it needs. */
export class Delivery extends MessageView {
  /** Numbered from 0 within the subscription. */
  deliveryNumber = 0;
  redelivered = false;
  /** Previous failed deliveries, if the queue counts them; otherwise 0. */
  deliveryCount = 0;
  /** Ready messages after this one; only set for `get`. */
  left = 0;
  /** Whether its group was assigned to the consumer with this delivery. */
  isFirstOfGroup = false;
  /** Whether the consumer could not send it, so that its connection ends. */
  hasFailed = false;
  /** The size of the body after its conversion for the consumer, bytes; 0 if there was none. */
  convertedBytes = 0;
  /** The number of the message in its stream; -1 if it is not from a stream. */
  streamOffset = -1;
  /** Why the message died, if its consumer stated that; only set for dead letters. */
  cause: string | undefined = undefined;

  /** Sets the delivery state of the message of the open view. */
  count(queueIndex: QueueIndex, sequence: number): void {
    this.convertedBytes = 0;
    this.hasFailed = false;
    this.redelivered = queueIndex.isRedelivered(sequence);
    this.deliveryCount = queueIndex.countsFailures ? queueIndex.deliveryCount(sequence) : 0;
  }
}

/**
 * Receives deliveries for a protocol. Called synchronously; must not throw. If it cannot send a delivery, it
 * sets `hasFailed`, and ends its connection.
 */
export interface Consumer {
  /** Whether the transport accepts more. When it does again, call `Subscription.wake`. */
  readonly isWritable: boolean;
  /** Must copy the data it needs, and must not call the broker. */
  deliver(delivery: Delivery): void;
  /**
   * Prepares the delivery of a message whose body has more than `convertedAtOnceMax` bytes: see
   * `LargeConversions.prepare`.
   */
  prepare?(delivery: Delivery): Promise<void> | undefined;
  /** The queue was deleted, and the subscription has ended. */
  cancelled(reason: string): void;
}

/** An object that may have something to deliver in the next round. */
export interface Deliverer {
  /** Whether it is in the list for the next round. */
  isDirty: boolean;
  deliver(): void;
}

/** The options of a subscription. */
export interface SubscribeOptions {
  /** Whether deliveries are settled when they are sent (no-ack). */
  readonly settled: boolean;
  /** Whether no other consumer is permitted. */
  readonly exclusive: boolean;
  /** Consumers with higher priority are served first. */
  readonly priority: number;
  /**
   * Maximum number of unsettled deliveries, or Infinity: the policy of AMQP 0-9-1, in which each
   * settlement returns credit. Undefined means that credit is granted by `Subscription.grant`, and
   * each delivery consumes one.
   */
  readonly prefetch: number | undefined;
  readonly pool: CreditPool | undefined;
  /** The connection, which identifies the owner of exclusive queues. */
  readonly owner: object;
  /** Selects messages. The view is open on the message. */
  readonly selector?: ((message: Delivery) => boolean) | undefined;
  /**
   * While such consumers exist, one of them receives all messages (ActiveMQ's exclusive consumer).
   */
  readonly isPreferred?: boolean | undefined;
  /** Prepares the messages of gets; see {@link Consumer.prepare}. */
  readonly prepare?: ((delivery: Delivery) => Promise<void> | undefined) | undefined;
  /** Where a consumer of a stream begins, and what it reads; by default, all new messages. */
  readonly stream?: StreamStart | undefined;
}

/** The credit of an unlimited subscription, and the maximum credit. */
const creditMax = 2 ** 30;

/** Number of deliveries that `settleInSteps` settles at once, or per step if there are more. */
const settledAtOnceMax = 256;
const stepSize = 16;

/** Credit and settlement between one queue and one consumer. */
export class Subscription {
  readonly queue: Queue;
  readonly consumer: Consumer | undefined;
  /** Deliveries that may still be sent; negative after the prefetch was lowered. */
  credit: number;
  /** A copy of the option that each delivery needs, for locality in memory. */
  readonly isSettled: boolean;
  readonly #pool: CreditPool | undefined;
  readonly #unsettled = new Unsettled();
  /** The prefetch; undefined if credit is granted. */
  #window: number | undefined;
  /** The position in the line for shared credit; undefined while it does not wait. */
  place: PlaceInLine | undefined = undefined;
  isActive = true;
  #isClosed = false;
  /** Whether it exclusively receives the messages of the queue. Only `Consumers` sets it. */
  isChosen = false;
  /** Whether it could not take a message when asked last. Only `Consumers` sets it. */
  isWaiting = false;
  /** Called once the queue has nothing more for the available credit; undefined unless draining. */
  #drained: ((unused: number) => void) | undefined = undefined;
  #pullEnded: (() => void) | undefined = undefined;
  /** The sequence number of the message of the last delivery that must be settled. */
  heldSequence = -1;
  /** The number of deliveries that have been settled after they were sent. */
  settledCount = 0;
  /** When the pull ends without a message, milliseconds since 1970. */
  pullDueMs = Infinity;
  readonly options: SubscribeOptions;

  constructor(queue: Queue, consumer: Consumer | undefined, options: SubscribeOptions) {
    this.queue = queue;
    this.consumer = consumer;
    this.options = options;
    this.#window = options.prefetch === undefined ? undefined : limited(options.prefetch);
    this.isSettled = options.settled;
    // Deliveries without settlement would never return credit, so they do not use it.
    this.credit = options.settled && this.#window !== undefined ? creditMax : (this.#window ?? 0);
    this.#pool = options.pool;
  }

  /** The number of unsettled deliveries. */
  get unsettledCount(): number {
    return this.#unsettled.count;
  }

  /** Whether the subscription can take the next message. */
  canTake(): boolean {
    if (this.credit <= 0 || this.consumer?.isWritable !== true) return false;
    const pool = this.#pool;
    if (pool === undefined || pool.hasCredit) return true;
    pool.wait(this);
    return false;
  }

  /** Returns the number of the next delivery, which stays unsettled until `settle`. */
  hold(sequence: number): number {
    this.credit--;
    if (this.#pool !== undefined) this.#pool.used++;
    if (this.#pullEnded !== undefined) this.#endPull();
    this.heldSequence = sequence;
    return this.#unsettled.add(sequence);
  }

  /** Returns the number of a delivery that needs no settlement. */
  skip(): number {
    if (this.#window === undefined) this.credit--;
    if (this.#pullEnded !== undefined) this.#endPull();
    return this.#unsettled.skip();
  }

  /**
   * Settles a range of deliveries, inclusive, in any order. Settled ones are skipped.
   *
   * @param modification for `modified`; its cause is for `rejected`, its changes for both and for
   *   `released`
   * @returns the number of deliveries settled
   */
  settle(first: number, last: number, outcome: Outcome, modification = failedDelivery): number {
    const isBack = outcome === 'released' || outcome === 'modified';
    const isLastFirst = modification.changed === undefined && goesLastFirst(this.queue, isBack);
    const count = isLastFirst
      ? this.#settleLastFirst(first, last, outcome, modification)
      : this.#settleInOrder(first, last, outcome, modification);
    if (count === 0) return 0;
    this.#settled(count);
    if (isBack) this.queue.enforceLimit();
    this.wake();
    return count;
  }

  /** Returns the credit of settled deliveries. */
  #settled(count: number): void {
    this.settledCount += count;
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
    else if (modification.changed !== undefined) this.#rewrite(sequence, outcome, modification);
    else if (outcome === 'rejected') this.queue.reject(sequence, modification.cause);
    else if (outcome === 'released') this.queue.requeue(sequence, false);
    else if (modification.undeliverableHere) {
      this.queue.requeueElsewhere(sequence, modification.deliveryFailed, this);
    } else this.queue.requeue(sequence, modification.deliveryFailed);
    return 1;
  }

  #rewrite(sequence: number, outcome: Outcome, modification: Modification): void {
    const { changed, cause, deliveryFailed, readyAtMs } = modification;
    if (changed === undefined) return;
    const isRejected = outcome === 'rejected';
    const hasFailed = outcome === 'modified' && deliveryFailed;
    this.queue.rewrite(sequence, { changed, isRejected, cause, hasFailed, readyAtMs });
  }

  /** Settles a large range in steps, from the first to the last. */
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

  /** The number of the first unsettled delivery; if there is none, of the next one. */
  get firstUnsettled(): number {
    return this.#unsettled.from(0);
  }

  /** Whether a delivery is unsettled. */
  isUnsettled(deliveryNumber: number): boolean {
    return this.#unsettled.has(deliveryNumber);
  }

  /**
   * Sets an unsettled delivery aside. It still counts, and only {@link conclude} or {@link resume}
   * changes it.
   *
   * @returns the sequence number of the message; -1 if the delivery is not unsettled
   */
  setAside(deliveryNumber: number): number {
    return this.#unsettled.setAside(deliveryNumber);
  }

  /** Settles a delivery that was set aside. */
  conclude(deliveryNumber: number): void {
    this.#unsettled.resume(deliveryNumber);
    this.#unsettled.take(deliveryNumber);
    this.#settled(1);
    this.wake();
  }

  /**
   * Makes a delivery that was set aside unsettled again. Returns false if the subscription has
   * ended.
   */
  resume(deliveryNumber: number): boolean {
    if (this.#isClosed) return false;
    this.#unsettled.resume(deliveryNumber);
    return true;
  }

  /**
   * Makes a delivery that was set aside unsettled again, even if the subscription has ended. The
   * caller must settle it at once.
   */
  takeBack(deliveryNumber: number): void {
    this.#unsettled.resume(deliveryNumber);
  }

  /** Changes the maximum number of unsettled deliveries. */
  setPrefetch(prefetch: number): void {
    const window = limited(prefetch);
    if (!this.isSettled) this.credit += window - (this.#window ?? 0);
    this.#window = window;
    this.wake();
  }

  /**
   * Grants credit, for a subscription without a prefetch or in addition to it.
   *
   * @param count added to the credit; a negative value takes credit back
   */
  grant(count: number): void {
    this.credit = Math.min(this.credit + count, creditMax);
    this.wake();
  }

  /**
   * Drains the credit: ready messages are delivered, and the remaining credit is taken back.
   *
   * @param drained called with the remaining credit once the queue has nothing more; before this
   *   returns unless messages must be read from disk or the transport is not writable
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
   * Requests one message. Replaces a pending pull.
   *
   * @param timeoutMs milliseconds to wait; 0 takes only a ready message, Infinity waits forever
   * @param ended called if no message came in time, or the subscription ends before
   */
  pull(timeoutMs: number, ended: () => void): void {
    if (this.#pullEnded === undefined) this.credit++;
    this.#pullEnded = ended;
    this.pullDueMs = Infinity;
    this.queue.pull(this, timeoutMs);
  }

  /** Whether a pull is pending. */
  get isPulling(): boolean {
    return this.#pullEnded !== undefined;
  }

  /** Ends a pull that has received no message in time. */
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

  /** The transport or credit may permit deliveries again. */
  wake(): void {
    if (this.isWaiting) {
      this.isWaiting = false;
      this.queue.rejoin(this);
    } else this.queue.wake();
  }

  /**
   * Gets one message out of turn (basic.get). `answer` is called before this returns, unless the
   * message must be read from disk. It is never called if the subscription is stopped before.
   *
   * @param wanted the number of a message in the queue instead of the head; there is no answer but
   *   undefined if it is not ready
   */
  get(settled: boolean, answer: (delivery: Delivery | undefined) => void, wanted?: number): void {
    this.queue.get(this, settled, answer, wanted);
  }

  /** Stops deliveries. Unsettled deliveries remain (basic.cancel). */
  stop(): void {
    if (!this.isActive) return;
    this.end();
    this.queue.removeSubscription(this);
  }

  /** The queue was deleted: stops deliveries. */
  end(): void {
    this.isActive = false;
    this.#pool?.leave(this);
    if (this.#drained !== undefined) this.endDrain();
    this.expirePull();
  }

  /** Ends the subscription and settles the remaining deliveries with one outcome. */
  close(outcome: Outcome): void {
    this.#isClosed = true;
    this.settle(0, this.#unsettled.next - 1, outcome);
    this.stop();
  }
}

/**
 * Requeued messages go back in reverse order, so that only the cursor of the queue moves. But if
 * some may be dead lettered, they go back in order.
 */
function goesLastFirst({ settings }: Queue, isBack: boolean): boolean {
  return isBack && settings.deliveryLimit === Infinity;
}

function limited(prefetch: number): number {
  return Math.min(prefetch, creditMax);
}
