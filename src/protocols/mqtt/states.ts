// The states of a connection.

import { BaseConnectionState } from '../connection-state.ts';

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

/** The state of a connection, and its duration. */
export class ConnectionState extends BaseConnectionState<StateName> {
  constructor() {
    super('awaiting-connect', next, stateTimeoutMs);
  }
}
