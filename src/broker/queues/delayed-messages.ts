// Messages of a queue that were returned and wait before they are delivered again.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { TakenMessages } from '../dispatch/dispatch-order.ts';
import type { QueueHost } from '../queue-host.ts';
import { DueHeap } from '../schedule/due-heap.ts';
import type { Ticking } from '../turns/turns.ts';

/** Entries of the first chunk of a heap, as a power of two: many queues have few such messages. */
const smallChunkShift = 6;

/** The queue of delayed messages. */
export interface DelayedMessagesQueue {
  readonly index: QueueIndex;
  /** A message is ready again. */
  ready(sequence: number): void;
  /** Messages have become ready. */
  wake(): void;
}

/**
 * Messages that become ready at a time. They stay where they are in the index of their queue, and the
 * store keeps their times.
 */
export class DelayedMessages implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  count = 0;
  /** Size of their bodies. */
  bytes = 0;
  /** When the last of them becomes ready, milliseconds since 1970. */
  lastMs = 0;
  readonly #host: QueueHost;
  readonly #queue: DelayedMessagesQueue;
  #heap = new DueHeap(smallChunkShift);

  constructor(host: QueueHost, queue: DelayedMessagesQueue) {
    this.#host = host;
    this.#queue = queue;
    queue.index.readyTimes = () => this.#heap.entries();
  }

  /** When the first of them becomes ready, milliseconds since 1970; Infinity if there are none. */
  get nextMs(): number {
    return this.#heap.firstMs;
  }

  /** Their numbers. */
  *sequences(): Generator<number> {
    for (const [sequence] of this.#heap.entries()) yield sequence;
  }

  /** @param readyAtMs milliseconds since 1970; it is written to the log with the end of the turn */
  add(sequence: number, readyAtMs: number): void {
    this.#host.store.counts.ready.changed(this.#queue.index, sequence, readyAtMs);
    this.restore(sequence, readyAtMs);
  }

  /** Adds a message whose time is in the log. */
  restore(sequence: number, readyAtMs: number): void {
    this.#heap.add(readyAtMs, sequence);
    this.count++;
    this.bytes += this.#queue.index.bodyLength(sequence);
    this.lastMs = Math.max(this.lastMs, readyAtMs);
    this.#host.turns.schedule(this, readyAtMs);
  }

  tick(nowMs: number): void {
    const { background } = this.#host.turns;
    while (this.#heap.firstMs <= nowMs && background.left > 0) {
      const sequence = this.takeFirst();
      background.spend(1);
      this.#queue.ready(sequence);
    }
    this.#queue.wake();
    if (this.count > 0) this.#host.turns.schedule(this, this.#heap.firstMs);
  }

  #removed(sequence: number): void {
    this.count--;
    this.bytes -= this.#queue.index.bodyLength(sequence);
    if (this.count === 0) this.lastMs = 0;
  }

  /** Removes the message that would be ready first; returns -1 if there is none. */
  takeFirst(): number {
    const { firstId } = this.#heap;
    if (firstId < 0) return -1;
    this.#heap.take();
    this.#removed(firstId);
    return firstId;
  }

  /** Removes all messages, which are taken one by one later. */
  takeAll(): TakenMessages {
    const heap = this.#heap;
    this.#heap = new DueHeap(smallChunkShift);
    this.count = 0;
    this.bytes = 0;
    this.lastMs = 0;
    this.#host.turns.forget(this);
    return {
      next: () => {
        const { firstId } = heap;
        if (firstId >= 0) heap.take();
        return firstId;
      },
    };
  }
}
