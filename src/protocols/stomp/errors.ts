import { printable } from '../../base/byte-text.ts';
import { WaxwingError } from '../../base/errors.ts';
import { BrokerError, type BrokerErrorCode } from '../../broker/errors.ts';

/**
 * Why a frame is refused:
 *
 * - `malformed`: it is no frame, or larger than allowed. The connection ends.
 * - `out-of-order`: a frame that this state does not allow, or an unknown one. The connection ends.
 * - `refused`: log-in or version. The connection ends.
 * - `invalid`: a frame that cannot be done; the connection goes on.
 * - `closing`: the broker ends the connection for reasons of its own.
 * - `internal`: a bug in this program. The connection ends.
 */
export type StompErrorCode =
  | 'malformed'
  | 'out-of-order'
  | 'refused'
  | 'invalid'
  | 'closing'
  | 'internal';

/** Names of Java classes, which clients of ActiveMQ look for. */
const classes = {
  protocol: 'org.apache.activemq.transport.stomp.ProtocolException',
  security: 'java.lang.SecurityException',
  jms: 'javax.jms.JMSException',
  destination: 'javax.jms.InvalidDestinationException',
  allocation: 'javax.jms.ResourceAllocationException',
  io: 'java.io.IOException',
} as const;

/** What a peer did, answered by an ERROR frame. */
export class StompError extends WaxwingError<StompErrorCode> {
  /** The class of the exception that ActiveMQ would throw. */
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

  /** The header `message`: one line. */
  get text(): string {
    return printable(this.message);
  }
}

/** How each refusal of the broker reaches the peer. */
const replies: Readonly<Record<BrokerErrorCode, keyof typeof classes>> = {
  'not-found': 'destination',
  'precondition-failed': 'jms',
  'resource-locked': 'jms',
  'access-refused': 'security',
  'not-allowed': 'security',
  'resource-error': 'allocation',
};

/** Whatever was thrown while the peer's bytes were handled, as the answer to it. */
export function toStompError(thrown: unknown): StompError {
  if (thrown instanceof StompError) return thrown;
  if (thrown instanceof BrokerError) {
    return new StompError('invalid', thrown.message, replies[thrown.code], { cause: thrown });
  }
  return new StompError('internal', 'a bug in the server', 'io', { cause: thrown });
}

/** Ends the connection of a client that may not come in. */
export function refusal(thrown: unknown): StompError {
  const error = toStompError(thrown);
  if (error.isFatal) return error;
  const { message, cause } = error;
  const of = cause instanceof BrokerError ? replies[cause.code] : 'security';
  return new StompError('refused', message, of, { cause });
}
