// Dead letters that cannot be published now and are not lost (dead letter strategy at-least-once).

import type { DeathReason, Queue } from '../queue.ts';
import type { Ticking, Turns } from '../turns/turns.ts';

/** Maximum number of dead letters of a queue that are held. Those behind them wait. */
export const heldCountMax = 32;
/** The first interval until held letters are tried again, and the longest, ms. It doubles. */
const retryMsMin = 1000;
const retryMsMax = 60_000;

/** A message of a queue that is dead. */
export interface DeadMessage {
  readonly sequence: number;
  readonly reason: DeathReason;
}

/** The queue of held letters. */
export interface HeldLettersHost {
  readonly turns: Turns;
  nowMs(): number;
}

/**
 * Dead letters whose exchange does not exist, that no queue takes, or that a full queue refuses. They
 * remain in their queue, and are tried again after a time. The first ones do not block others, which may
 * have another target, until there are {@link heldCountMax}.
 */
export class HeldLetters implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly #host: HeldLettersHost;
  readonly #retry: () => void;
  #held: DeadMessage[] = [];
  /** The queues that have a held letter already. */
  readonly #reached = new Map<number, Set<Queue>>();
  /** Letters that were held and are being tried again. */
  readonly #retried = new Set<number>();
  #retryMs = retryMsMin;

  /** @param retry called when it is time to take and publish them again */
  constructor(host: HeldLettersHost, retry: () => void) {
    this.#host = host;
    this.#retry = retry;
  }

  get count(): number {
    return this.#held.length;
  }

  get isFull(): boolean {
    return this.#held.length >= heldCountMax;
  }

  /** The queues that have a letter already; may be added to. */
  reached(sequence: number): Set<Queue> {
    return this.#reached.get(sequence) ?? new Set();
  }

  hold(message: DeadMessage, reached: Set<Queue>): void {
    const { turns } = this.#host;
    this.#held.push(message);
    this.#retried.delete(message.sequence);
    if (reached.size > 0) this.#reached.set(message.sequence, reached);
    turns.schedule(this, this.#host.nowMs() + this.#retryMs);
  }

  /** A letter was published or removed. If it was held before, others may follow soon. */
  published(sequence: number): void {
    this.#reached.delete(sequence);
    if (this.#retried.delete(sequence)) this.#retryMs = retryMsMin;
  }

  /**
   * Removes and returns all held letters, oldest first. The queues that each letter has reached are kept
   * for its next publication.
   */
  takeAll(): readonly DeadMessage[] {
    const held = this.#held;
    this.#held = [];
    for (const { sequence } of held) this.#retried.add(sequence);
    this.#host.turns.forget(this);
    return held;
  }

  tick(): void {
    this.#retryMs = Math.min(this.#retryMs * 2, retryMsMax);
    this.#retry();
  }

  end(): void {
    this.takeAll();
    this.#reached.clear();
  }
}
