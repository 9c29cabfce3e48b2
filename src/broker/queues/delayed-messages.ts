// Messages of a queue that were returned and wait before they are delivered again.

import type { TakenMessages } from '../dispatch/dispatch-order.ts';
import { DueHeap } from '../schedule/due-heap.ts';
import type { Ticking, Turns } from '../turns/turns.ts';

/** Entries of the first chunk of a heap, as a power of two: many queues have few such messages. */
const smallChunkShift = 6;

/** The queue of delayed messages. */
export interface DelayedMessagesQueue {
  /** A message is ready again. */
  ready(sequence: number): void;
  /** Messages have become ready. */
  wake(): void;
}

/**
 * Messages that become ready at a time. They stay where they are in the index of their queue, so they
 * wait only while the broker runs: after a start, all are ready.
 */
export class DelayedMessages implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  count = 0;
  /** When the last of them becomes ready, milliseconds since 1970. */
  lastMs = 0;
  readonly #turns: Turns;
  readonly #queue: DelayedMessagesQueue;
  #heap = new DueHeap(smallChunkShift);

  constructor(turns: Turns, queue: DelayedMessagesQueue) {
    this.#turns = turns;
    this.#queue = queue;
  }

  /** When the first of them becomes ready, milliseconds since 1970; Infinity if there are none. */
  get nextMs(): number {
    return this.#heap.firstMs;
  }

  /** @param readyAtMs milliseconds since 1970 */
  add(sequence: number, readyAtMs: number): void {
    this.#heap.add(readyAtMs, sequence);
    this.count++;
    this.lastMs = Math.max(this.lastMs, readyAtMs);
    this.#turns.schedule(this, readyAtMs);
  }

  tick(nowMs: number): void {
    const { background } = this.#turns;
    while (this.#heap.firstMs <= nowMs && background.left > 0) {
      const { firstId } = this.#heap;
      this.#heap.take();
      this.#removed();
      background.spend(1);
      this.#queue.ready(firstId);
    }
    this.#queue.wake();
    if (this.count > 0) this.#turns.schedule(this, this.#heap.firstMs);
  }

  #removed(): void {
    this.count--;
    if (this.count === 0) this.lastMs = 0;
  }

  /** Removes all messages, which are taken one by one later. */
  takeAll(): TakenMessages {
    const heap = this.#heap;
    this.#heap = new DueHeap(smallChunkShift);
    this.count = 0;
    this.lastMs = 0;
    this.#turns.forget(this);
    return {
      next: () => {
        const { firstId } = heap;
        if (firstId >= 0) heap.take();
        return firstId;
      },
    };
  }
}
