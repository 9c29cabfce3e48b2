import { assert } from '../../base/assert.ts';

/** The legal moves of a connection. */
const next = {
  'awaiting-connect': ['checking-password', 'closing', 'closed'],
  'checking-password': ['open', 'closing', 'closed'],
  open: ['closing', 'closed'],
  /** The last frame is written; what the peer sends counts no more. */
  closing: ['closed'],
  closed: [],
} as const satisfies Record<string, readonly string[]>;

/** Where a connection is in its life. */
export type StateName = keyof typeof next;

/** Milliseconds that a client may take to log in, or to go away when it is told to. */
const stateTimeoutMs = 30_000;

/** The state of a connection, and for how long it has been in it. */
export class ConnectionState {
  #name: StateName = 'awaiting-connect';
  /** When the first tick in this state was; -1 before. */
  #sinceMs = -1;

  get name(): StateName {
    return this.#name;
  }

  /** The only way to change state: an illegal move is a bug in this program, never the peer's doing. */
  enter(to: StateName): void {
    const legal: readonly string[] = next[this.#name];
    assert(legal.includes(to), `a connection cannot go from ${this.#name} to ${to}`);
    this.#name = to;
    this.#sinceMs = -1;
  }

  /** Whether nothing that the peer sends counts any more. */
  get isOver(): boolean {
    return this.#name === 'closing' || this.#name === 'closed';
  }

  /** Whether the peer has taken too long to move on from this state. */
  isOverdue(nowMs: number): boolean {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    return this.#name !== 'open' && nowMs - this.#sinceMs > stateTimeoutMs;
  }
}
