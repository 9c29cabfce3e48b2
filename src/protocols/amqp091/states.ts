// The states of a connection.

import { assert } from '../../base/assert.ts';
import { AmqpError } from './errors.ts';

/** The legal transitions of a connection on the server (2.2.4). */
const next = {
  'awaiting-header': ['awaiting-start-ok', 'closed'],
  'awaiting-start-ok': ['checking-password', 'closing', 'closed'],
  'checking-password': ['awaiting-tune-ok', 'closing', 'closed'],
  'awaiting-tune-ok': ['awaiting-open', 'closing', 'closed'],
  'awaiting-open': ['open', 'closing', 'closed'],
  open: ['closing', 'closed'],
  /** `connection.close` was sent. Only `connection.close-ok` is expected. */
  closing: ['closed'],
  closed: [],
} as const satisfies Record<string, readonly string[]>;

/** The state of a connection. */
export type StateName = keyof typeof next;

/** Milliseconds for opening a connection, and for answering `connection.close`. */
const stateTimeoutMs = 10_000;

/** The state of a connection, and its duration. */
export class ConnectionState {
  #name: StateName = 'awaiting-header';
  /** The first tick in this state; -1 before it. */
  #sinceMs = -1;

  get name(): StateName {
    return this.#name;
  }

  /**
   * Changes the state. An illegal transition is a bug in this program, never an error of the peer.
   */
  enter(to: StateName): void {
    const legal: readonly string[] = next[this.#name];
    assert(legal.includes(to), `a connection cannot go from ${this.#name} to ${to}`);
    this.#name = to;
    this.#sinceMs = -1;
  }

  /** Whether data from the peer is ignored. */
  get isOver(): boolean {
    return this.#name === 'closing' || this.#name === 'closed';
  }

  /** Whether the peer has exceeded the time limit of this state. */
  isOverdue(nowMs: number): boolean {
    if (this.#sinceMs < 0) this.#sinceMs = nowMs;
    return this.#name !== 'open' && nowMs - this.#sinceMs > stateTimeoutMs;
  }

  /** @throws {AmqpError} 'channel-error' for a method that this state does not allow */
  refuse(): never {
    throw new AmqpError('channel-error', `unexpected method in connection state ${this.#name}`);
  }
}
