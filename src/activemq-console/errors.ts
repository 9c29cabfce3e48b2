// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of the console. Each has its status in `answers.ts`.
 *
 * - `bad-request`: the request is malformed.
 * - `forbidden`: it does not contain the user's secret, or comes from a page of another site.
 * - `not-found`: there is no such page or queue.
 * - `busy`: too many requests are in progress.
 */
export type ConsoleErrorCode = 'bad-request' | 'forbidden' | 'not-found' | 'busy';

/** An expected error of the console. */
export class ConsoleError extends WaxwingError<ConsoleErrorCode> {}

/** The error for malformed requests. */
export function badRequest(message: string): ConsoleError {
  return new ConsoleError('bad-request', message);
}

/** The error for queues that do not exist. */
export function noQueue(name: string): ConsoleError {
  return new ConsoleError('not-found', `there is no queue '${name}'`);
}
