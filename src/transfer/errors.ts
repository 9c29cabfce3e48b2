// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of connections to other brokers:
 *
 * - `connection-failed`: the server cannot be reached, its certificate is not valid, it does not
 *   answer in time, or the connection has ended.
 * - `login-refused`: the server refuses the user or the virtual host.
 * - `channel-closed`: the server has closed a channel, for example because a queue does not exist.
 * - `protocol-error`: the server sent what is no AMQP 0-9-1.
 * - `not-supported`: the server does not support what is needed.
 * - `in-progress`: another command does the same.
 */
export type TransferErrorCode =
  | 'connection-failed'
  | 'login-refused'
  | 'channel-closed'
  | 'protocol-error'
  | 'not-supported'
  | 'in-progress';

/** An expected error of a transfer. The text contains no password. */
export class TransferError extends WaxwingError<TransferErrorCode> {
  /** The reply code of AMQP 0-9-1, such as 404, if the server closed a channel or the connection. */
  readonly replyCode: number | undefined;

  constructor(
    code: TransferErrorCode,
    message: string,
    { replyCode, cause }: { replyCode?: number; cause?: unknown } = {},
  ) {
    super(code, message, cause === undefined ? {} : { cause });
    this.replyCode = replyCode;
  }
}
