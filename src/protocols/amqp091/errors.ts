import { clipText, printable } from '../../base/byte-text.ts';
import { BytesError, shortStringBytesMax } from '../../base/bytes.ts';
import { WaxwingError } from '../../base/errors.ts';
import { BrokerError, type BrokerErrorCode } from '../../broker/errors.ts';

/**
 * Reply codes of AMQP 0-9-1 (1.2) that this side sends, by name. Codes below 500 other than 320 and
 * 402 end the channel, all others the connection.
 */
export const replyCodes = {
  /** A body or a publish is larger than allowed. */
  'content-too-large': 311,
  /** The connection ends for the operator's reasons, not the client's. */
  'connection-forced': 320,
  /** The virtual host does not exist. */
  'invalid-path': 402,
  /** The user may not do this. */
  'access-refused': 403,
  /** The named exchange or queue does not exist. */
  'not-found': 404,
  /** Another connection holds the queue exclusively. */
  'resource-locked': 405,
  /** What is there differs from what the method asks for, or a delivery tag is unknown. */
  'precondition-failed': 406,
  /** A frame is malformed or larger than negotiated. */
  'frame-error': 501,
  /** A method's or a header's fields are malformed. */
  'syntax-error': 502,
  /** The method is unknown or not legal in this state. */
  'command-invalid': 503,
  /** The channel is not open, or open already. */
  'channel-error': 504,
  /** A frame of another kind was due. */
  'unexpected-frame': 505,
  /** The server has no room for it. */
  'resource-error': 506,
  /** A limit or rule that was agreed on is not kept. */
  'not-allowed': 530,
  /** The feature does not exist here. */
  'not-implemented': 540,
  /** A bug in this program. */
  'internal-error': 541,
} as const;

/** Name of a reply code. */
export type ReplyName = keyof typeof replyCodes;

/** Something the peer did, answered by `channel.close` or `connection.close`. */
export class AmqpError extends WaxwingError<ReplyName> {
  /** The number that goes to the peer. */
  readonly replyCode: number;
  /** Whether the whole connection ends, or only the channel. */
  readonly scope: 'connection' | 'channel';

  constructor(code: ReplyName, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.replyCode = replyCodes[code];
    const isSoft = this.replyCode < 500 && code !== 'connection-forced' && code !== 'invalid-path';
    this.scope = isSoft ? 'channel' : 'connection';
  }

  /**
   * What the peer reads, as RabbitMQ words it: `NOT_FOUND - no queue 'a' in vhost '/'`. It is cut
   * to what a short string holds; bytes in it that are not UTF-8 are written as `\xff`.
   */
  get replyText(): string {
    const text = `${this.code.toUpperCase().replaceAll('-', '_')} - ${this.message}`;
    return clipText(printable(text), shortStringBytesMax);
  }
}

/** How each refusal of the broker reaches the peer. */
const replies: Readonly<Record<BrokerErrorCode, ReplyName>> = {
  'not-found': 'not-found',
  'precondition-failed': 'precondition-failed',
  'resource-locked': 'resource-locked',
  'access-refused': 'access-refused',
  'not-allowed': 'not-allowed',
  'resource-error': 'resource-error',
};

/** Whatever was thrown while the peer's bytes were handled, as the reply to it. */
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
