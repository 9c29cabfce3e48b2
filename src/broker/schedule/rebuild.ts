import type { HeldMessages } from '../held/held-messages.ts';
import { DueHeap } from './due-heap.ts';

/** A heap that is made anew from the messages that are left, one a step. */
export class Rebuild {
  /** Messages that come meanwhile must be added to it, too. */
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

  /** Adds one message; false where there is none left. */
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
