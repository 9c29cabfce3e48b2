// The states of a connection.

import { assert } from '../../base/assert.ts';

/** The permitted transitions. */
const next = {
  'awaiting-format': ['awaiting-connection', 'closing', 'closed'],
  'awaiting-connection': ['checking-password', 'closing', 'closed'],
  'checking-password': ['open', 'closing', 'closed'],
  open: ['removed', 'closing', 'closed'],
  /** The client has removed its connection, and closes the transport next. */
  removed: ['closing', 'closed'],
  /** The last frame has been written, or is awaited. Received data is ignored. */
  closing: ['closed'],
  closed: [],
} as const satisfies Record<string, readonly string[]>;

/** The state of a connection. */
export type StateName = keyof typeof next;

/** Maximum time for the log-in, and for closing after the last frame, in milliseconds. */
const stateTimeoutMs = 30_000;

/** The state of a connection and the time since it was entered. */
export class ConnectionState {
  #name: StateName = 'awaiting-format';
  /** The time of the first tick in this state; -1 before it. */
  #sinceMs = -1;

  get name(): StateName {
    return this.#name;
  }

  /** Changes the state. An invalid transition is a bug in this program, whatever the peer sends. */
  enter(to: StateName): void {
    const legal: readonly string[] = next[this.#name];
    assert(legal.includes(to), `a connection cannot go from ${this.#name} to ${to}`);
    const isOpening = to === 'awaiting-connection' || to === 'checking-password';
    this.#name = to;
    // The whole log-in has one time limit.
    if (!isOpening) this.#sinceMs = -1;
  }

  /** Whether received data is ignored. */
  get isOver(): boolean {
    return this.#name === 'closing' || this.#name === 'closed';
  }

  /** Whether the client has not logged in yet. */
  get isUnauthenticated(): boolean {
    return this.#name !== 'open' && this.#name !== 'removed' && !this.isOver;
  }

  /** Whether the state has lasted too long. */
  isOverdue(nowMs: number): boolean {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    return this.#name !== 'open' && nowMs - this.#sinceMs > stateTimeoutMs;
  }
}
