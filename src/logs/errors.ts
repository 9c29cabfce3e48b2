// The errors of requests for log lines.

import { WaxwingError } from '../base/errors.ts';

/** The codes of {@link LogsError}. */
export type LogsErrorCode =
  /** A filter pattern that is malformed, or exceeds a limit. */
  | 'invalid-pattern'
  /** A token that does not belong to the request. */
  | 'invalid-token'
  /** An operation that is not offered. */
  | 'unsupported';

/** A request for log lines that cannot be answered. */
export class LogsError extends WaxwingError<LogsErrorCode> {}
