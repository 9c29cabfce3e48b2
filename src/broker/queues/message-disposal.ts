// The removal of messages that no consumer has accepted.

import type { QueueIndex } from '../../storage/queue-index.ts';
import { failureCountMax, markedReason, markOf } from '../dead-lettering/death-marks.ts';
import { type DeadMessage, HeldLetters } from '../dead-lettering/held-letters.ts';
import type { TakenMessages } from '../dispatch/dispatch-order.ts';
import { publicationOf } from '../held/held-messages.ts';
import type { DeathReason, DisposalCounts } from '../queue.ts';
import type { QueueHost } from '../queue-host.ts';
import type { Delivery } from '../subscription.ts';
import type { Background } from '../turns/background.ts';
import { retryDelayMs } from './delayed-retry.ts';
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
  readonly taken: readonly TakenMessages[];
  count: number;
  readonly done: (count: number) => void;
}

/**
 * Removes messages from a queue that expire, exceed a limit, are rejected or purged, or whose queue
 * is deleted, and has them dead lettered. The work is done in slices and in order. If a dead letter
 * is on disk, those behind it wait until it has been read.
 */
export class MessageDisposal implements DisposalCounts {
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
  /** Dead letters that are tried again, before the others; at most those that can be held. */
  #again: DeadMessage[] = [];
  /** Messages that are requeued with changes. They do not wait for dead letters. */
  #requeued: number[] = [];
  /** Causes that consumers stated for their rejections. */
  #causes: Map<number, string> | undefined = undefined;
  readonly #rewritings = new Rewritings();
  readonly #indexes: readonly QueueIndex[];
  #purges: Purge[] = [];
  /** Dead letters that cannot be published now; undefined if there was none. */
  #held: HeldLetters | undefined = undefined;
  /** Dead messages, and the size of their bodies. */
  letterCount = 0;
  letterBytes = 0;

  constructor(host: QueueHost, queue: MessageQueue) {
    this.#host = host;
    this.#queue = queue;
    this.#indexes = [queue.index];
  }

  /** Removes a message that is no longer ready, after those given before. */
  discard(sequence: number, reason: DeathReason, cause?: string): void {
    const { index, settings } = this.#queue;
    // It is not ready again after a restart.
    if (settings.deadLettersSafely) this.#host.store.counts.set(index, sequence, markOf(reason));
    this.#add(sequence, reason, cause);
  }

  #add(sequence: number, reason: DeathReason, cause: string | undefined): void {
    if (cause !== undefined) this.#explain(sequence, cause);
    this.#sequences.push(sequence);
    this.#reasons.push(reason);
    this.count++;
    this.letterCount++;
    this.letterBytes += this.#queue.index.bodyLength(sequence);
  }

  /** Tries dead letters again that could not be published. */
  retryHeld(): void {
    const held = this.#held?.takeAll() ?? [];
    if (held.length === 0) return;
    this.#again.push(...held);
    this.#host.turns.background.add(this.#queue);
  }

  /** Whether dead letters must wait until one that could not be published is. */
  get #isStuck(): boolean {
    return this.#held?.isFull === true && this.#queue.settings.deadLettersSafely;
  }

  /** Changes a message that is not ready, and requeues or rejects it. */
  rewrite(sequence: number, rewriting: Rewriting): void {
    const { isRejected, cause } = rewriting;
    // What waits for a long time must be small.
    if (!isRejected || !this.#isStuck) this.#rewritings.add(sequence, rewriting);
    if (isRejected) this.discard(sequence, 'rejected', cause);
    else {
      this.#requeued.push(sequence);
      this.count++;
    }
    this.#host.turns.background.add(this.#queue);
  }

  get rewritingCount(): number {
    return this.#isStuck ? this.#requeued.length : this.#rewritings.count;
  }

  #explain(sequence: number, cause: string): void {
    this.#causes ??= new Map();
    if (this.#causes.size < causeCountMax) {
      this.#causes.set(sequence, cause.slice(0, causeLengthMax));
    }
  }

  /** Removes messages that are not ready any more, without dead letters. */
  purge(taken: readonly TakenMessages[], count: number, done: (count: number) => void): void {
    const letters = this.#takeLetters();
    this.#purges.push({ taken: [...taken, listed(letters)], count: 0, done });
    this.count += count + letters.length;
  }

  /** Removes the dead letters that would otherwise be kept until they are published. */
  #takeLetters(): readonly number[] {
    if (!this.#queue.settings.deadLettersSafely) return [];
    const held = this.#held?.takeAll() ?? [];
    const tried = [...held, ...this.#again].map(({ sequence }) => sequence);
    const all = [...tried, ...this.#sequences.slice(this.#at)];
    this.#again = [];
    this.#sequences = [];
    this.#reasons = [];
    this.#at = 0;
    for (const sequence of all) this.#forget(sequence);
    this.count -= all.length;
    return all;
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
    while (units.left > until) if (!this.#workOnce(units)) return false;
    return true;
  }

  /** Returns false if there is nothing to do at present. */
  #workOnce(units: Background): boolean {
    if (this.#requeued.length > 0) return this.#requeueNext(units);
    const isNext = this.#again.length > 0 || this.#at < this.#sequences.length;
    if (isNext && !this.#isStuck) {
      return !this.#mustWait() && this.#disposeNext(units);
    }
    return this.#queue.discardExcessOrExpired() || this.#purgeOne(units);
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
    const queue = this.#queue;
    const [again] = this.#again;
    const sequence = again?.sequence ?? this.#sequences[this.#at] ?? -1;
    const reason = again?.reason ?? this.#reasons[this.#at] ?? 'rejected';
    const rewriting = this.#rewritings.get(sequence);
    if (!this.#mayReturn && rewriting === undefined) {
      this.#next();
      this.#settleLetter(sequence, units);
      return true;
    }
    if (!this.#open(sequence)) {
      this.#host.load(queue, sequence);
      return false;
    }
    this.#next();
    const { delivery } = this.#host;
    const letter = rewriting === undefined ? delivery : this.#changed(rewriting, units);
    this.#publish(sequence, letter, reason, units);
    this.#host.delivery.cause = undefined;
    return true;
  }

  /** Opens the view on a message. */
  #open(sequence: number): boolean {
    const { store, delivery } = this.#host;
    const { index } = this.#queue;
    if (!store.view(index, sequence, delivery)) return false;
    const failureCount = index.deliveryCount(sequence);
    delivery.deliveryCount = markedReason(failureCount) === undefined ? failureCount : 0;
    delivery.cause = this.#causes?.get(sequence);
    return true;
  }

  #next(): void {
    if (this.#again.length > 0) {
      this.#again.shift();
      return;
    }
    this.#at++;
    if (this.#at === this.#sequences.length || this.#at >= doneCountMax) this.#forgetDone();
  }

  /** Publishes a dead letter, and removes its message once it cannot be lost. */
  #publish(sequence: number, letter: Delivery, reason: DeathReason, units: Background): void {
    const queue = this.#queue;
    if (!queue.settings.deadLettersSafely) {
      if (this.#mayReturn) this.#host.deadLetter(queue, letter, reason);
      this.#settleLetter(sequence, units);
      return;
    }
    this.#held ??= new HeldLetters(this.#host, () => this.retryHeld());
    const held = this.#held;
    const reached = held.reached(sequence);
    const ended = (isPublished: boolean) => {
      if (queue.isDeleted) return;
      if (isPublished) this.#settleLetter(sequence, units);
      else held.hold({ sequence, reason }, reached);
    };
    if (this.#host.deadLetterSafely(queue, letter, reason, { reached, ended })) ended(true);
  }

  /** Returns the changed copy of a message, on which the view is open. */
  #changed({ hasFailed, changed }: Rewriting, units: Background): Delivery {
    const { delivery } = this.#host;
    units.spend(rewriteUnits + Math.floor(delivery.bodyLength / bytesOfUnit));
    const copy = changed(delivery);
    copy.deliveryCount = Math.min(delivery.deliveryCount + (hasFailed ? 1 : 0), failureCountMax);
    copy.cause = delivery.cause;
    return copy;
  }

  /** Requeues the next changed message. Returns false if it must be read from disk first. */
  #requeueNext(units: Background): boolean {
    const queue = this.#queue;
    const sequence = this.#requeued[0] ?? -1;
    if (!this.#open(sequence)) {
      this.#host.load(queue, sequence);
      return false;
    }
    this.#requeued.shift();
    const rewriting = this.#rewritings.get(sequence);
    if (rewriting === undefined) return true; // each has one
    const copy = this.#changed(rewriting, units);
    if (copy.deliveryCount > queue.settings.deliveryLimit) {
      this.count--;
      this.discard(sequence, 'delivery_limit');
      return true;
    }
    this.#replace(copy, rewriting);
    this.#rewritings.delete(sequence);
    this.#settle(sequence, units);
    return true;
  }

  /** Appends a copy, with the age and the delivery count of the message that it replaces. */
  #replace(copy: Delivery, rewriting: Rewriting): void {
    const { store } = this.#host;
    const { index } = this.#queue;
    const { isPersistent, receivedAtMs, expiresAtMs, deliveryCount, bodyLength } = copy;
    store.append(publicationOf(copy), this.#indexes, isPersistent, receivedAtMs, expiresAtMs);
    index.markRedelivered(index.next - 1, false);
    if (deliveryCount > 0) store.counts.set(index, index.next - 1, deliveryCount);
    this.#queue.enqueued(bodyLength);
    this.#queue.publishedCount--; // it is the same message
    const readyAtMs = this.#readyAtMs(copy, rewriting);
    if (readyAtMs <= this.#host.nowMs()) return;
    this.#queue.order.remove(index.next - 1);
    this.#queue.readyCount--;
    this.#queue.readyBytes -= bodyLength;
    this.#queue.delay(index.next - 1, readyAtMs);
  }

  /** When a changed message may be delivered again, milliseconds since 1970. */
  #readyAtMs({ deliveryCount }: Delivery, { readyAtMs = 0, hasFailed }: Rewriting): number {
    const { personality } = this.#host;
    if (this.#queue.settings.type !== 'quorum' || !personality.delaysReturned) return 0;
    const nowMs = this.#host.nowMs();
    if (readyAtMs > nowMs) return readyAtMs;
    return nowMs + retryDelayMs(this.#queue.settings.delayedRetry, hasFailed, deliveryCount);
  }

  #forgetDone(): void {
    this.#sequences = this.#sequences.slice(this.#at);
    this.#reasons = this.#reasons.slice(this.#at);
    this.#at = 0;
  }

  /** The queue is deleted: answers pending purges, and forgets dead letters. */
  end(): void {
    this.#held?.end();
    for (const { count, done } of this.#purges.splice(0)) done(count);
  }

  #settleLetter(sequence: number, units: Background): void {
    this.#forget(sequence);
    this.#settle(sequence, units);
  }

  #forget(sequence: number): void {
    this.#causes?.delete(sequence);
    this.#rewritings.delete(sequence);
    this.#held?.published(sequence);
    this.letterCount--;
    this.letterBytes -= this.#queue.index.bodyLength(sequence);
  }

  #settle(sequence: number, units: Background): void {
    this.count--;
    this.#host.store.settle(this.#queue.index, sequence);
    units.spend(settleUnits);
  }

  #purgeOne(units: Background): boolean {
    const [purge] = this.#purges;
    if (purge === undefined) return false;
    const sequence = nextOf(purge.taken);
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

/** The next message of several sources; -1 at the end. */
function nextOf(sources: readonly TakenMessages[]): number {
  for (const source of sources) {
    const sequence = source.next();
    if (sequence >= 0) return sequence;
  }
  return -1;
}

function listed(sequences: readonly number[]): TakenMessages {
  let at = 0;
  return { next: () => sequences[at++] ?? -1 };
}
