// The state of a connection, for all protocols.

import { assert } from '../base/assert.ts';

/** The states that all protocols have: log-in completed, last data sent, and ended. */
type CommonState = 'open' | 'closing' | 'closed';

/** The state of a connection, and its duration. */
export class BaseConnectionState<Name extends string> {
  #name: Name | CommonState;
  /** The time of the first tick in this state; -1 before it. */
  #sinceMs = -1;
  readonly #next: Readonly<Record<Name | CommonState, readonly string[]>>;
  readonly #timeoutMs: number;

  /**
   * @param next the legal transitions from each state
   * @param timeoutMs maximum duration of every state except `open`, milliseconds
   */
  constructor(
    first: Name,
    next: Readonly<Record<Name | CommonState, readonly string[]>>,
    timeoutMs: number,
  ) {
    this.#name = first;
    this.#next = next;
    this.#timeoutMs = timeoutMs;
  }

  get name(): Name | CommonState {
    return this.#name;
  }

  /**
   * Changes the state. An illegal transition is a bug in this program, never an error of the peer.
   *
   * @param startsTime whether the time limit starts again
   */
  enter(to: Name | CommonState, startsTime = true): void {
    assert(
      this.#next[this.#name].includes(to),
      `a connection cannot go from ${this.#name} to ${to}`,
    );
    this.#name = to;
    if (startsTime) this.#sinceMs = -1;
  }

  /** Whether data from the peer is ignored. */
  get isOver(): boolean {
    return this.#name === 'closing' || this.#name === 'closed';
  }

  /** Whether the peer has exceeded the time limit of this state. */
  isOverdue(nowMs: number): boolean {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    return this.#name !== 'open' && nowMs - this.#sinceMs > this.#timeoutMs;
  }
}
