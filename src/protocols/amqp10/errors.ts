// Errors of AMQP 1.0 connections.

import { clipText, printable } from '../../base/byte-text.ts';
import { BytesError } from '../../base/bytes.ts';
import { WaxwingError } from '../../base/errors.ts';
import { BrokerError, type BrokerErrorCode } from '../../broker/errors.ts';
import type { Entry } from './codec/items.ts';

/**
 * The conditions of the standard that are used here, without the prefix `amqp:` (2.8.15 to 2.8.18,
 * 4.5.8):
 *
 * - `internal-error`: a bug in this program.
 * - `not-found`: the node does not exist.
 * - `unauthorized-access`: no permission, or the broker refuses the log-in.
 * - `decode-error`: the bytes are not a frame, a performative or a message.
 * - `resource-limit-exceeded`: a limit of the broker is reached.
 * - `not-allowed`: the frame is not permitted in this state.
 * - `invalid-field`: a field has a value that cannot be used.
 * - `not-implemented`: the standard has it, and the broker does not.
 * - `resource-locked`: another consumer uses the node exclusively.
 * - `precondition-failed`: the node exists with other properties.
 * - `resource-deleted`: the node was deleted.
 * - `illegal-state`: the broker cannot accept the connection in its present state.
 * - `frame-size-too-small`: a frame for the peer is larger than it accepts.
 * - `connection:forced`: the broker closes the connection.
 * - `connection:framing-error`: the bytes are not frames.
 * - `session:window-violation`: a transfer exceeds the window of the session.
 * - `session:errant-link`: a detached link is used.
 * - `session:handle-in-use`: the handle of an attach belongs to another link.
 * - `session:unattached-handle`: no link has the handle.
 * - `link:detach-forced`: the broker ends the link.
 * - `link:transfer-limit-exceeded`: a transfer exceeds the credit of the link.
 * - `link:message-size-exceeded`: a message is larger than the link permits.
 * - `link:stolen`: another link has the same name.
 * - `transaction:unknown-id`: there is no such transaction.
 * - `transaction:rollback`: the transaction was rolled back.
 */
export type Condition =
  | 'internal-error'
  | 'not-found'
  | 'unauthorized-access'
  | 'decode-error'
  | 'resource-limit-exceeded'
  | 'not-allowed'
  | 'invalid-field'
  | 'not-implemented'
  | 'resource-locked'
  | 'precondition-failed'
  | 'resource-deleted'
  | 'illegal-state'
  | 'frame-size-too-small'
  | 'connection:forced'
  | 'connection:framing-error'
  | 'session:window-violation'
  | 'session:errant-link'
  | 'session:handle-in-use'
  | 'session:unattached-handle'
  | 'link:detach-forced'
  | 'link:transfer-limit-exceeded'
  | 'link:message-size-exceeded'
  | 'link:stolen'
  | 'transaction:unknown-id'
  | 'transaction:rollback';

/** What an error ends. */
export type Scope = 'connection' | 'session' | 'link';

/** An error that is sent to the peer in a close, end, detach or rejected. */
export class AmqpError extends WaxwingError<Condition> {
  readonly scope: Scope;
  /** Additional information for programs. */
  readonly info: readonly Entry[] | undefined;

  constructor(
    code: Condition,
    message: string,
    {
      scope = 'connection',
      info,
      cause,
    }: { readonly scope?: Scope; readonly info?: readonly Entry[]; readonly cause?: unknown } = {},
  ) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.scope = scope;
    this.info = info;
  }

  /** The condition as it is sent. */
  get condition(): string {
    return `amqp:${this.code}`;
  }

  /** The description as it is sent, in one line. */
  get text(): string {
    return clipText(printable(this.message), descriptionBytesMax);
  }
}

/** Maximum size of the description of an error, in bytes, so that its frame fits into 512 bytes. */
const descriptionBytesMax = 300;

/** The condition for each error code of the broker. */
const conditions: Readonly<Record<BrokerErrorCode, Condition>> = {
  'not-found': 'not-found',
  'precondition-failed': 'precondition-failed',
  'resource-locked': 'resource-locked',
  'access-refused': 'unauthorized-access',
  'not-allowed': 'unauthorized-access',
  'resource-error': 'resource-limit-exceeded',
  'not-implemented': 'not-implemented',
};

/**
 * Converts any error that was thrown while data of the peer was handled.
 *
 * @param scope what an error of the broker ends
 */
export function toAmqpError(thrown: unknown, scope: Scope): AmqpError {
  if (thrown instanceof AmqpError) return thrown;
  if (thrown instanceof BrokerError) {
    return new AmqpError(conditions[thrown.code], thrown.message, { scope, cause: thrown });
  }
  if (thrown instanceof BytesError) return new AmqpError('decode-error', thrown.message);
  return new AmqpError('internal-error', 'a bug in the server', { cause: thrown });
}

/** An error of the encoding, which ends the connection. */
export function decodeError(message: string): AmqpError {
  return new AmqpError('decode-error', message);
}
