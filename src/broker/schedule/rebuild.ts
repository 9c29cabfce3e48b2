// Incremental rebuilding of the heap.

import type { HeldMessages } from '../held/held-messages.ts';
import { DueHeap } from './due-heap.ts';

/** Builds a new heap from the remaining messages, one per step. */
export class Rebuild {
  /** New messages must be added to this heap too. */
  readonly heap = new DueHeap();
  readonly #parts: readonly (readonly [part: number, held: HeldMessages])[];
  readonly #dueMs: (id: number) => number;
  readonly #idOf: (part: number, sequence: number) => number;
  #at = 0;
  #sequence = 0;

  constructor(
    parts: readonly (readonly [part: number, held: HeldMessages])[],
    idOf: (part: number, sequence: number) => number,
    dueMs: (id: number) => number,
  ) {
    this.#parts = parts;
    this.#idOf = idOf;
    this.#dueMs = dueMs;
  }

  /** Adds one message. Returns false when all messages have been added. */
  step(): boolean {
    const [part, held] = this.#parts[this.#at] ?? [];
    if (part === undefined || held === undefined) return false;
    const { index: queueIndex } = held;
    const sequence = queueIndex.liveFrom(this.#sequence);
    if (sequence < queueIndex.next) {
      const id = this.#idOf(part, sequence);
      this.heap.add(this.#dueMs(id), id);
      this.#sequence = sequence + 1;
    } else {
      this.#at++;
      this.#sequence = 0;
    }
    return true;
  }
}
