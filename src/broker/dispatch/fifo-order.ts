// The dispatch order of queues without priorities.

import type { QueueIndex } from '../../storage/queue-index.ts';
import { type DispatchOrder, Taken } from './dispatch-order.ts';
import { RunSet } from './run-set.ts';

/** First in, first out: a cursor over the queue index, and a set of ready messages before it. */
export class FifoOrder implements DispatchOrder {
  readonly hasPriorities = false;
  readonly #index: QueueIndex;
  /** Ready messages before the cursor: those that came back, and those that a scan skipped. */
  #before: RunSet | undefined = undefined;
  /** All live messages from this one on are ready. */
  #cursor: number;

  constructor(queueIndex: QueueIndex) {
    this.#index = queueIndex;
    this.#cursor = queueIndex.liveFrom(0);
  }

  add(_sequence: number): void {}

  requeue(sequence: number): void {
    // If the messages of a consumer come back in reverse order, only the cursor moves back.
    // Messages in between may have been settled.
    if (this.#index.liveFrom(sequence + 1) >= this.#cursor) this.#cursor = sequence;
    else {
      this.#before ??= new RunSet();
      this.#before.add(sequence);
    }
  }

  peek(): number {
    const before = this.#before === undefined ? -1 : this.#before.first;
    if (before >= 0) return before;
    const queueIndex = this.#index;
    if (this.#cursor >= queueIndex.next) return -1;
    if (!queueIndex.isLive(this.#cursor)) this.#cursor = queueIndex.liveFrom(this.#cursor);
    return this.#cursor < queueIndex.next ? this.#cursor : -1;
  }

  take(): void {
    if (this.#before === undefined) this.#cursor++;
    else this.#takeBefore(this.#before.first);
  }

  #takeBefore(sequence: number): void {
    this.#before?.delete(sequence);
    if (this.#before?.isEmpty === true) this.#before = undefined;
  }

  after(sequence: number): number {
    const before = this.#before === undefined ? -1 : this.#before.from(sequence + 1);
    if (before >= 0) return before;
    const next = this.#index.liveFrom(Math.max(sequence + 1, this.#cursor));
    return next < this.#index.next ? next : -1;
  }

  has(sequence: number): boolean {
    return sequence >= this.#cursor || this.#before?.from(sequence) === sequence;
  }

  remove(sequence: number): void {
    if (sequence < this.#cursor) {
      this.#takeBefore(sequence);
      return;
    }
    const queueIndex = this.#index;
    for (let s = queueIndex.liveFrom(this.#cursor); s < sequence; ) {
      const end = Math.min(queueIndex.liveTo(s), sequence);
      this.#before ??= new RunSet();
      this.#before.addRun(s, end);
      s = queueIndex.liveFrom(end);
    }
    this.#cursor = sequence + 1;
  }

  takeExpired(nowMs: number): number {
    if (this.nextExpiryMs() > nowMs) return -1;
    const sequence = this.peek();
    this.take();
    return sequence;
  }

  nextExpiryMs(): number {
    if (!this.#index.hasExpiryTimes) return Infinity;
    const sequence = this.peek();
    return sequence < 0 ? Infinity : this.#index.expiresAtMs(sequence);
  }

  takeAll(): Taken {
    const sets = this.#before === undefined ? [] : [this.#before];
    const taken = new Taken(this.#index, this.#cursor, this.#index.next, sets);
    this.#before = undefined;
    this.#cursor = this.#index.next;
    return taken;
  }
}
