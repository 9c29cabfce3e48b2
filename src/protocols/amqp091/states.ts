// The states of a connection.

import { BaseConnectionState } from '../connection-state.ts';
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
export class ConnectionState extends BaseConnectionState<StateName> {
  constructor() {
    super('awaiting-header', next, stateTimeoutMs);
  }

  /** @throws {AmqpError} 'channel-error' for a method that this state does not allow */
  refuse(): never {
    throw new AmqpError('channel-error', `unexpected method in connection state ${this.name}`);
  }
}
