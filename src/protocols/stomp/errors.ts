// Errors of STOMP connections.

import { printable } from '../../base/byte-text.ts';
import { WaxwingError } from '../../base/errors.ts';
import { InvalidSchedule } from '../../broker/activemq/scheduling/scheduled-headers.ts';
import { BrokerError, type BrokerErrorCode } from '../../broker/errors.ts';

/**
 * The reason why a frame is refused:
 *
 * - `malformed`: it is not a frame, or exceeds a limit. The connection ends.
 * - `out-of-order`: the frame is unknown or not permitted in this state. The connection ends.
 * - `refused`: log-in or version. The connection ends.
 * - `invalid`: the frame cannot be executed. The connection continues.
 * - `closing`: the broker closes the connection.
 * - `internal`: a bug in this program. The connection ends.
 */
export type StompErrorCode =
  | 'malformed'
  | 'out-of-order'
  | 'refused'
  | 'invalid'
  | 'closing'
  | 'internal';

/** Names of Java classes, which clients of ActiveMQ check. */
const classes = {
  protocol: 'org.apache.activemq.transport.stomp.ProtocolException',
  security: 'java.lang.SecurityException',
  jms: 'javax.jms.JMSException',
  destination: 'javax.jms.InvalidDestinationException',
  allocation: 'javax.jms.ResourceAllocationException',
  io: 'java.io.IOException',
  format: 'javax.jms.MessageFormatException',
  argument: 'java.lang.IllegalArgumentException',
  clientId: 'javax.jms.InvalidClientIDException',
  selector: 'javax.jms.InvalidSelectorException',
  missing: 'org.apache.activemq.DestinationDoesNotExistException',
} as const;

/** An error that is sent to the peer as an ERROR frame. */
export class StompError extends WaxwingError<StompErrorCode> {
  /** The class of the exception that ActiveMQ throws. */
  readonly className: string;

  constructor(
    code: StompErrorCode,
    message: string,
    of: keyof typeof classes = 'protocol',
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.className = classes[of];
  }

  /** Whether the connection ends. */
  get isFatal(): boolean {
    return this.code !== 'invalid';
  }

  /** The `message` header, in one line. */
  get text(): string {
    return printable(this.message);
  }

  /** The body: the text, and the class unless it is about permissions. */
  get body(): string {
    const { className, text } = this;
    return className === classes.security ? text : `${className}: ${text}`;
  }
}

/** The exception class for each error code of the broker. */
const replies: Readonly<Record<BrokerErrorCode, keyof typeof classes>> = {
  'not-found': 'destination',
  'precondition-failed': 'jms',
  'resource-locked': 'jms',
  'access-refused': 'security',
  'not-allowed': 'security',
  'resource-error': 'allocation',
  'not-implemented': 'jms',
};

/** Converts any error that was thrown while data of the peer was handled. */
export function toStompError(thrown: unknown): StompError {
  if (thrown instanceof StompError) return thrown;
  if (thrown instanceof InvalidSchedule) {
    const of = thrown.isCron ? 'argument' : 'format';
    return new StompError('invalid', thrown.message, of, { cause: thrown });
  }
  if (thrown instanceof BrokerError) {
    return new StompError('invalid', thrown.message, replies[thrown.code], { cause: thrown });
  }
  return new StompError('internal', 'a bug in the server', 'io', { cause: thrown });
}

/** The exception class for an error of a log-in, where a client id may be in use. */
const refusals = { ...replies, 'resource-locked': 'clientId' } as const;

/** Converts the error of a refused log-in, which ends the connection. */
export function refusal(thrown: unknown): StompError {
  const error = toStompError(thrown);
  if (error.isFatal) return error;
  const { message, cause } = error;
  const of = cause instanceof BrokerError ? refusals[cause.code] : 'security';
  return new StompError('refused', message, of, { cause });
}
