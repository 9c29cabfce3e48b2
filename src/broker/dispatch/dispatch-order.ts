// The interface of dispatch orders.

import type { QueueIndex } from '../../storage/queue-index.ts';
import type { RunSet } from './run-set.ts';

/**
 * The order in which a queue dispatches its ready messages. Methods use sequence numbers; -1 means
 * none.
 */
export interface DispatchOrder {
  /** Whether a new message may be dispatched before others that are ready. */
  readonly hasPriorities: boolean;
  /** Adds a new message. */
  add(sequence: number): void;
  /** Adds a message that was dispatched and came back. It returns to its old position. */
  requeue(sequence: number): void;
  /** The head: the next message to dispatch. */
  peek(): number;
  /** Removes the head, which `peek` has just returned. */
  take(): void;
  /** The ready message after another one, for scanning past the head. */
  after(sequence: number): number;
  /** Whether a message that is live is ready. */
  has(sequence: number): boolean;
  /** Removes a ready message at any position. */
  remove(sequence: number): void;
  /**
   * Removes a message that has expired at the given time and is the first one of its priority.
   * Messages behind one that has not expired stay.
   */
  takeExpired(nowMs: number): number;
  /**
   * The expiry time of the first message that `takeExpired` would remove; Infinity if there is none.
   */
  nextExpiryMs(): number;
  /** Removes all messages. */
  takeAll(): Taken;
}

/** Messages that were removed together and are taken one by one. */
export interface TakenMessages {
  /** The next of them; -1 at the end. */
  next(): number;
}

/** Ready messages that were removed together: the live messages in a range, and sets of others. */
export class Taken implements TakenMessages {
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

  /** The next of them; -1 at the end. */
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
