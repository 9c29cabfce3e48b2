// The errors of AMQP 0-9-1.

import { clipText, printable } from '../../base/byte-text.ts';
import { BytesError, shortStringBytesMax } from '../../base/bytes.ts';
import { WaxwingError } from '../../base/errors.ts';
import { BrokerError, type BrokerErrorCode } from '../../broker/errors.ts';

/**
 * The reply codes of AMQP 0-9-1 (1.2) that the server sends. Codes below 500 other than 320 and 402
 * close the channel, all others the connection.
 */
export const replyCodes = {
  /** A body or a publish is larger than allowed. */
  'content-too-large': 311,
  /** The operator closes the connection. */
  'connection-forced': 320,
  /** The virtual host does not exist. */
  'invalid-path': 402,
  /** The user does not have the permission. */
  'access-refused': 403,
  /** The exchange or queue does not exist. */
  'not-found': 404,
  /** Another connection holds the queue exclusively. */
  'resource-locked': 405,
  /** The existing object differs from the request, or a delivery tag is unknown. */
  'precondition-failed': 406,
  /** A frame is malformed or larger than negotiated. */
  'frame-error': 501,
  /** A method's or a header's fields are malformed. */
  'syntax-error': 502,
  /** The method is unknown or not legal in this state. */
  'command-invalid': 503,
  /** The channel is not open, or is open already. */
  'channel-error': 504,
  /** Another kind of frame was expected. */
  'unexpected-frame': 505,
  /** A resource limit is reached. */
  'resource-error': 506,
  /** A negotiated limit or a rule was violated. */
  'not-allowed': 530,
  /** The feature is not supported. */
  'not-implemented': 540,
  /** A bug in this program. */
  'internal-error': 541,
} as const;

/** The name of a reply code. */
export type ReplyName = keyof typeof replyCodes;

/** An error of the peer, answered by `channel.close` or `connection.close`. */
export class AmqpError extends WaxwingError<ReplyName> {
  /** The code that is sent to the peer. */
  readonly replyCode: number;
  /** Whether the connection is closed, or only the channel. */
  readonly scope: 'connection' | 'channel';

  constructor(code: ReplyName, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.replyCode = replyCodes[code];
    const isSoft = this.replyCode < 500 && code !== 'connection-forced' && code !== 'invalid-path';
    this.scope = isSoft ? 'channel' : 'connection';
  }

  /**
   * The text that is sent to the peer, in the format of RabbitMQ: `NOT_FOUND - no queue 'a' in
   * vhost '/'`. It is shortened to a short string that ends with `...`, and invalid UTF-8 is written as `\xff`.
   */
  get replyText(): string {
    const text = `${this.code.toUpperCase().replaceAll('-', '_')} - ${this.message}`;
    const shown = printable(text);
    const clipped = clipText(shown, shortStringBytesMax);
    return clipped === shown ? shown : `${clipText(shown, shortStringBytesMax - 3)}...`;
  }
}

/** The reply for each error of the broker. */
const replies: Readonly<Record<BrokerErrorCode, ReplyName>> = {
  'not-found': 'not-found',
  'precondition-failed': 'precondition-failed',
  'resource-locked': 'resource-locked',
  'access-refused': 'access-refused',
  'not-allowed': 'not-allowed',
  'resource-error': 'resource-error',
  'not-implemented': 'not-implemented',
};

/** Converts any error from handling the peer's data to a reply. */
export function toAmqpError(thrown: unknown): AmqpError {
  if (thrown instanceof AmqpError) return thrown;
  if (thrown instanceof BrokerError) {
    return new AmqpError(replies[thrown.code], thrown.message, { cause: thrown });
  }
  if (thrown instanceof BytesError) {
    return new AmqpError('syntax-error', thrown.message, { cause: thrown });
  }
  return new AmqpError('internal-error', 'a bug in the server', { cause: thrown });
}
