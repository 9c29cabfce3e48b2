// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of the management API. Each has its status in `answers.ts`.
 *
 * - `bad-request`: the request is malformed, or the broker refuses it.
 * - `not-authorised`: the user may not do this.
 * - `not-allowed`: the settings of the broker do not permit it to anyone.
 * - `not-found`: the resource does not exist.
 * - `target-not-found`: what the request creates or acts on is in a virtual host, exchange or queue that
 *   does not exist, as the reason says.
 * - `protected`: a virtual host is protected from deletion.
 * - `invalid-page`, `page-out-of-range`: the list has no such page.
 * - `busy`: too many requests are in progress, or publishers are blocked.
 * - `too-many-requests`: the user or the address has too many requests, or has taken too much time.
 */
export type ManagementErrorCode =
  | 'bad-request'
  | 'not-authorised'
  | 'not-allowed'
  | 'not-found'
  | 'target-not-found'
  | 'protected'
  | 'invalid-page'
  | 'page-out-of-range'
  | 'busy'
  | 'too-many-requests';

/** An expected error of the management API. The text is the `reason` of the answer. */
export class ManagementError extends WaxwingError<ManagementErrorCode> {
  /** The name or value that the text is about; RabbitMQ lists both as the reason. */
  readonly subject: string | undefined;
  /** When the client may try again, seconds; undefined if that is not known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ManagementErrorCode,
    message: string,
    subject?: string,
    retryAfterSeconds?: number,
  ) {
    super(code, message);
    this.subject = subject;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/**
 * The error for malformed requests.
 *
 * @param reason in the words of RabbitMQ: `not_int`
 * @param subject what it is about: `priority`
 */
export function badRequest(reason: string, subject?: string): ManagementError {
  return new ManagementError('bad-request', reason, subject);
}

/** The error for a body without a key. */
export function keyMissing(key: string): ManagementError {
  return badRequest(`[{key_missing,${key}}]`);
}

/** The error for missing objects. */
export function notFound(): ManagementError {
  return new ManagementError('not-found', 'Not Found');
}
