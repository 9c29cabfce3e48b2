// The removal of messages that no consumer has accepted.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { Taken } from '../dispatch/dispatch-order.ts';
import { publicationOf } from '../held/held-messages.ts';
import type { DeathReason } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import type { Delivery } from '../subscription.ts';
import type { Background } from '../turns/background.ts';
import type { MessageQueue } from './message-queue.ts';
import { type Rewriting, Rewritings } from './rewriting.ts';

/** Units of work for settling a message. */
const settleUnits = 1;
/** Units of work for changing a message, and the bytes of it for each further one. */
const rewriteUnits = 16;
const bytesOfUnit = 512;
/** Number of processed messages after which the list is cut. */
const doneCountMax = 16_384;
/** Maximum number of causes of rejections that are remembered, and their length in characters. */
const causeCountMax = 1024;
const causeLengthMax = 1024;

interface Purge {
  readonly taken: Taken;
  count: number;
  readonly done: (count: number) => void;
}

/**
 * Removes messages from a queue that expire, exceed a limit, are rejected or purged, or whose queue
 * is deleted, and has them dead lettered. The work is done in slices and in order. If a dead letter
 * is on disk, those behind it wait until it has been read.
 */
export class MessageDisposal {
  /** Messages that are neither ready nor with a consumer, and still have to be settled. */
  count = 0;
  /** Whether the next dead letter waits for one that takes several turns; see `LongPublishes`. */
  isWaiting = false;
  readonly #host: QueueHost;
  readonly #queue: MessageQueue;
  /** Sequence numbers and reasons of messages to remove, in order; those before `#at` are done. */
  #sequences: number[] = [];
  #reasons: DeathReason[] = [];
  #at = 0;
  /** Causes that consumers stated for their rejections. */
  #causes: Map<number, string> | undefined = undefined;
  readonly #rewritings = new Rewritings();
  readonly #indexes: readonly QueueIndex[];
  #purges: Purge[] = [];

  constructor(host: QueueHost, queue: MessageQueue) {
    this.#host = host;
    this.#queue = queue;
    this.#indexes = [queue.index];
  }

  /** Removes a message that is no longer ready, after those given before. */
  discard(sequence: number, reason: DeathReason, cause?: string): void {
    if (cause !== undefined) this.#explain(sequence, cause);
    this.#sequences.push(sequence);
    this.#reasons.push(reason);
    this.count++;
  }

  /** Changes a message that is not ready, and requeues or rejects it. */
  rewrite(sequence: number, rewriting: Rewriting): void {
    this.#rewritings.add(sequence, rewriting);
    this.discard(sequence, 'rejected', rewriting.cause);
    this.#host.turns.background.add(this.#queue);
  }

  #explain(sequence: number, cause: string): void {
    this.#causes ??= new Map();
    if (this.#causes.size < causeCountMax) {
      this.#causes.set(sequence, cause.slice(0, causeLengthMax));
    }
  }

  /** Removes ready messages without dead letters. */
  purge(taken: Taken, count: number, done: (count: number) => void): void {
    this.#purges.push({ taken, count: 0, done });
    this.count += count;
  }

  /** See `Worker.work`. */
  work(units: Background, until: number): boolean {
    this.isWaiting = false;
    if (this.#queue.isDeleted) return this.#drop(units, until);
    const { store } = this.#host;
    // A dead letter and its removal are recovered together. Within a batch, the message stays in
    // place until it is copied.
    const isBatch = this.#mayReturn || !this.#rewritings.isEmpty;
    if (isBatch) store.begin();
    try {
      return this.#work(units, until);
    } finally {
      if (isBatch) store.end();
    }
  }

  #work(units: Background, until: number): boolean {
    while (units.left > until) {
      if (this.#at < this.#sequences.length) {
        if (this.#mustWait() || !this.#disposeNext(units)) return false;
      } else if (!this.#queue.discardExcessOrExpired() && !this.#purgeOne(units)) return false;
    }
    return true;
  }

  /** Whether a dead letter must not be published now, because dead letters keep their order. */
  #mustWait(): boolean {
    const { longPublishes } = this.#host;
    this.isWaiting = longPublishes.isBusy && this.#mayReturn;
    if (this.isWaiting) longPublishes.wait(this.#queue);
    return this.isWaiting;
  }

  /** Whether a removed message may go to another queue, or come back. */
  get #mayReturn(): boolean {
    const { settings, retry } = this.#queue;
    return settings.deadLetterExchange !== undefined || retry !== undefined;
  }

  /** Removes the next message. Returns false if it must be read from disk first. */
  #disposeNext(units: Background): boolean {
    const { store, delivery } = this.#host;
    const queue = this.#queue;
    const sequence = this.#sequences[this.#at] ?? -1;
    const rewriting = this.#rewritings.get(sequence);
    if (this.#mayReturn || rewriting !== undefined) {
      if (!store.view(queue.index, sequence, delivery)) {
        this.#host.load(queue, sequence);
        return false;
      }
      delivery.deliveryCount = queue.index.deliveryCount(sequence);
      delivery.cause = this.#causes?.get(sequence);
      if (rewriting !== undefined) this.#rewrite(sequence, rewriting, units);
      else this.#host.deadLetter(queue, delivery, this.#reasons[this.#at] ?? 'rejected');
      delivery.cause = undefined;
    }
    this.#causes?.delete(sequence);
    this.#at++;
    if (this.#at === this.#sequences.length || this.#at >= doneCountMax) this.#forgetDone();
    this.#settle(sequence, units);
    return true;
  }

  /** The view is open on the message. */
  #rewrite(sequence: number, rewriting: Rewriting, units: Background): void {
    const { delivery } = this.#host;
    const { isRejected, hasFailed, changed } = rewriting;
    const queue = this.#queue;
    this.#rewritings.delete(sequence);
    units.spend(rewriteUnits + Math.floor(delivery.bodyLength / bytesOfUnit));
    const copy = changed(delivery);
    copy.deliveryCount = Math.min(delivery.deliveryCount + (hasFailed ? 1 : 0), 0xffff);
    copy.cause = delivery.cause;
    const isOverLimit = copy.deliveryCount > queue.settings.deliveryLimit;
    if (isRejected) queue.settledCount++;
    if (!isRejected && !isOverLimit) this.#replace(copy);
    else if (this.#mayReturn) {
      this.#host.deadLetter(queue, copy, isRejected ? 'rejected' : 'delivery_limit');
    }
  }

  /** Appends a copy, with the age and the delivery count of the message that it replaces. */
  #replace(copy: Delivery): void {
    const { store } = this.#host;
    const { index } = this.#queue;
    const { isPersistent, receivedAtMs, expiresAtMs, deliveryCount, bodyLength } = copy;
    store.append(publicationOf(copy), this.#indexes, isPersistent, receivedAtMs, expiresAtMs);
    index.markRedelivered(index.next - 1, false);
    if (deliveryCount > 0) store.counts.set(index, index.next - 1, deliveryCount);
    this.#queue.enqueued(bodyLength);
    this.#queue.publishedCount--; // it is the same message
  }

  #forgetDone(): void {
    this.#sequences = this.#sequences.slice(this.#at);
    this.#reasons = this.#reasons.slice(this.#at);
    this.#at = 0;
  }

  /** Answers pending purges, because the queue is deleted. */
  answerPurges(): void {
    for (const { count, done } of this.#purges.splice(0)) done(count);
  }

  #settle(sequence: number, units: Background): void {
    this.count--;
    this.#host.store.settle(this.#queue.index, sequence);
    units.spend(settleUnits);
  }

  #purgeOne(units: Background): boolean {
    const [purge] = this.#purges;
    if (purge === undefined) return false;
    const sequence = purge.taken.next();
    if (sequence >= 0) {
      purge.count++;
      this.#settle(sequence, units);
    } else {
      this.#purges.shift();
      this.#host.store.defineSettlements();
      purge.done(purge.count);
    }
    return true;
  }

  /** Drops the remaining messages of a deleted queue. */
  #drop(units: Background, until: number): boolean {
    const countMax = Math.ceil((units.left - until) / settleUnits);
    const count = this.#host.store.dropSome(this.#queue.index, countMax);
    units.spend(count * settleUnits);
    return count === countMax;
  }
}
