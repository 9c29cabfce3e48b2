// The states of a connection.

import { BaseConnectionState } from '../connection-state.ts';

/** The permitted transitions. */
const next = {
  'awaiting-sasl-header': ['awaiting-sasl-init', 'closing', 'closed'],
  'awaiting-sasl-init': ['checking-password', 'closing', 'closed'],
  'checking-password': ['awaiting-amqp-header', 'closing', 'closed'],
  'awaiting-amqp-header': ['awaiting-open', 'closing', 'closed'],
  'awaiting-open': ['open', 'closing', 'closed'],
  open: ['closing', 'closed'],
  /** The last frame has been written. Received data is ignored. */
  closing: ['closed'],
  closed: [],
} as const satisfies Record<string, readonly string[]>;

/** The state of a connection. */
export type StateName = keyof typeof next;

/** Maximum time for each step of the opening, and for closing, in milliseconds. */
const stateTimeoutMs = 30_000;

/** The state of a connection, and its duration. */
export class ConnectionState extends BaseConnectionState<StateName> {
  constructor() {
    super('awaiting-sasl-header', next, stateTimeoutMs);
  }
}
