import type { QueueIndex } from '../../storage/queue-index.ts';
import type { RunSet } from './run-set.ts';

/** In which order a queue's ready messages are dispatched. Sequence numbers; -1 for none. */
export interface DispatchOrder {
  /** Whether a message that arrives may come before others that are ready. */
  readonly hasPriorities: boolean;
  /** A message that just arrived. */
  add(sequence: number): void;
  /** A message that was dispatched and came back: it has its old place again. */
  requeue(sequence: number): void;
  /** The head: the message that is dispatched next. */
  peek(): number;
  /** Takes the head, which `peek` has just shown. */
  take(): void;
  /** The ready message behind another ready one, for a scan past the head. */
  after(sequence: number): number;
  /** Takes a ready message that need not be the head. */
  remove(sequence: number): void;
  /**
   * Takes a message that expires by the given time and is the next one of its priority: what waits
   * behind one that does not expire stays.
   */
  takeDue(nowMs: number): number;
  /** When the first message expires that `takeDue` would take; Infinity for never. */
  nextDueMs(): number;
  /** Takes everything. */
  takeAll(): Taken;
}

/** Ready messages that were taken together: all that are live in a range, and sets of others. */
export class Taken {
  readonly #index: QueueIndex;
  #from: number;
  readonly #to: number;
  readonly #sets: RunSet[];

  constructor(queueIndex: QueueIndex, from: number, to: number, sets: RunSet[]) {
    this.#index = queueIndex;
    this.#from = from;
    this.#to = to;
    this.#sets = sets;
  }

  /** The next of them; -1 where there is none any more. */
  next(): number {
    for (let set = this.#sets.at(-1); set !== undefined; set = this.#sets.at(-1)) {
      const { first } = set;
      if (first < 0) this.#sets.pop();
      else {
        set.delete(first);
        if (this.#index.isLive(first)) return first;
      }
    }
    const sequence = this.#index.liveFrom(this.#from);
    if (sequence >= this.#to) return -1;
    this.#from = sequence + 1;
    return sequence;
  }
}
