// Errors of OpenWire connections.

import { printable } from '../../base/byte-text.ts';
import { BytesError } from '../../base/bytes.ts';
import { WaxwingError } from '../../base/errors.ts';
import { InvalidSchedule } from '../../broker/activemq/scheduling/scheduled-headers.ts';
import { BrokerError, type BrokerErrorCode } from '../../broker/errors.ts';
import type { Throwable } from './codec/wire-reader.ts';

/**
 * The reason why a frame is refused:
 *
 * - `malformed`: it cannot be decoded, or exceeds a limit. The connection ends without an answer, as
 * with ActiveMQ.
 * - `out-of-order`: the command is not permitted in this state. The connection ends.
 * - `refused`: the log-in failed. The connection ends after the answer.
 * - `invalid`: the command cannot be executed. The connection continues.
 * - `closing`: the broker closes the connection.
 * - `internal`: a bug in this program. The connection ends.
 */
export type OpenWireErrorCode =
  | 'malformed'
  | 'out-of-order'
  | 'refused'
  | 'invalid'
  | 'closing'
  | 'internal';

/** Names of Java classes, from which clients create exceptions. */
const classes = {
  security: 'java.lang.SecurityException',
  state: 'java.lang.IllegalStateException',
  argument: 'java.lang.IllegalArgumentException',
  io: 'java.io.IOException',
  jms: 'javax.jms.JMSException',
  clientId: 'javax.jms.InvalidClientIDException',
  selector: 'javax.jms.InvalidSelectorException',
  destination: 'javax.jms.InvalidDestinationException',
  format: 'javax.jms.MessageFormatException',
  allocation: 'javax.jms.ResourceAllocationException',
  rolledBack: 'javax.jms.TransactionRolledBackException',
  xa: 'javax.transaction.xa.XAException',
  missing: 'org.apache.activemq.DestinationDoesNotExistException',
  stopped: 'org.apache.activemq.broker.BrokerStoppedException',
} as const;

/** A Java class that clients know. */
export type ExceptionClass = keyof typeof classes;

/** An error that is sent to the peer as a throwable. */
export class OpenWireError extends WaxwingError<OpenWireErrorCode> {
  readonly className: string;

  constructor(
    code: OpenWireErrorCode,
    message: string,
    of: ExceptionClass = 'io',
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.className = classes[of];
  }

  /** Whether the connection ends. */
  get isFatal(): boolean {
    return this.code !== 'invalid';
  }

  get throwable(): Throwable {
    return { className: this.className, message: printable(this.message) };
  }
}

/** The exception class for each error code of the broker. */
const replies: Readonly<Record<BrokerErrorCode, ExceptionClass>> = {
  'not-found': 'destination',
  'precondition-failed': 'jms',
  'resource-locked': 'jms',
  'access-refused': 'security',
  'not-allowed': 'security',
  'resource-error': 'allocation',
  'not-implemented': 'jms',
};

/** Converts any error that was thrown while data of the peer was handled. */
export function toOpenWireError(thrown: unknown): OpenWireError {
  if (thrown instanceof OpenWireError) return thrown;
  if (thrown instanceof BytesError) {
    return new OpenWireError('malformed', thrown.message, 'io', { cause: thrown });
  }
  if (thrown instanceof InvalidSchedule) {
    const of = thrown.isCron ? 'argument' : 'format';
    return new OpenWireError('invalid', thrown.message, of, { cause: thrown });
  }
  if (thrown instanceof BrokerError) {
    return new OpenWireError('invalid', thrown.message, replies[thrown.code], { cause: thrown });
  }
  return new OpenWireError('internal', 'a bug in the server', 'io', { cause: thrown });
}

/** Converts the error of a refused log-in, which ends the connection. */
export function refusal(thrown: unknown): OpenWireError {
  const error = toOpenWireError(thrown);
  if (error.isFatal) return error;
  const of = Object.entries(classes).find(([, name]) => name === error.className)?.[0];
  return new OpenWireError('refused', error.message, (of ?? 'security') as ExceptionClass, {
    cause: error.cause,
  }); // the keys of the table
}

/** Replaces the class of an error of the broker, where a command has its own. */
export function withClass(thrown: unknown, of: ExceptionClass): unknown {
  if (!(thrown instanceof BrokerError)) return thrown;
  return new OpenWireError('invalid', thrown.message, of, { cause: thrown });
}
