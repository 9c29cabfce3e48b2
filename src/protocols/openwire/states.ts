// The states of a connection.

import { BaseConnectionState } from '../connection-state.ts';

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

/** The state of a connection, and its duration. */
export class ConnectionState extends BaseConnectionState<StateName> {
  constructor() {
    super('awaiting-format', next, stateTimeoutMs);
  }

  /** The whole log-in has one time limit. */
  override enter(to: StateName): void {
    super.enter(to, to !== 'awaiting-connection' && to !== 'checking-password');
  }

  /** Whether the client has not logged in yet. */
  get isUnauthenticated(): boolean {
    return this.name !== 'open' && this.name !== 'removed' && !this.isOver;
  }
}
