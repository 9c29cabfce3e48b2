// The states of a connection.

import { assert } from '../../base/assert.ts';

/** The permitted transitions. */
const next = {
  'awaiting-connect': ['checking-password', 'closing', 'closed'],
  'checking-password': ['awaiting-session', 'closing', 'closed'],
  /** Logged in; another connection still uses the session, or it is being restored. */
  'awaiting-session': ['open', 'closing', 'closed'],
  open: ['closing', 'closed'],
  /** The last packet has been written. Received data is ignored. */
  closing: ['closed'],
  closed: [],
} as const satisfies Record<string, readonly string[]>;

/** The state of a connection. */
export type StateName = keyof typeof next;

/** Maximum time for the log-in, and for closing after the last packet, in milliseconds. */
const stateTimeoutMs = 30_000;

/** The state of a connection and the time since it was entered. */
export class ConnectionState {
  #name: StateName = 'awaiting-connect';
  /** The time of the first tick in this state; -1 before it. */
  #sinceMs = -1;

  get name(): StateName {
    return this.#name;
  }

  /** Changes the state. An invalid transition is a bug in this program, whatever the peer sends. */
  enter(to: StateName): void {
    const legal: readonly string[] = next[this.#name];
    assert(legal.includes(to), `a connection cannot go from ${this.#name} to ${to}`);
    this.#name = to;
    this.#sinceMs = -1;
  }

  /** Whether received data is ignored. */
  get isOver(): boolean {
    return this.#name === 'closing' || this.#name === 'closed';
  }

  /** Whether the state has lasted too long. */
  isOverdue(nowMs: number): boolean {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    return this.#name !== 'open' && nowMs - this.#sinceMs > stateTimeoutMs;
  }
}
