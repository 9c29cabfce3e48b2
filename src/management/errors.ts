// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of the management API. Each has its status in `answers.ts`.
 *
 * - `bad-request`: the request is malformed, or the broker refuses it.
 * - `not-authorised`: the user may not do this.
 * - `not-found`: the resource, or an object that it names, does not exist.
 * - `page-out-of-range`: the list has no such page.
 * - `too-large`: the body is larger than allowed.
 * - `busy`: too many requests of this kind are in progress.
 */
export type ManagementErrorCode =
  | 'bad-request'
  | 'not-authorised'
  | 'not-found'
  | 'page-out-of-range'
  | 'too-large'
  | 'busy';

/** An expected error of the management API. The text is the `reason` of the answer. */
export class ManagementError extends WaxwingError<ManagementErrorCode> {}

/** The error for malformed requests, with the reason. */
export function badRequest(reason: string): ManagementError {
  return new ManagementError('bad-request', reason);
}

/** The error for missing objects. */
export function notFound(): ManagementError {
  return new ManagementError('not-found', 'Not Found');
}
