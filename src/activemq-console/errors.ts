// The errors of this folder.

import { WaxwingError } from '../base/errors.ts';

/**
 * The error codes of the console. Each has its status in `answers.ts`.
 *
 * - `bad-request`: the request is malformed.
 * - `forbidden`: it does not contain the user's secret, or comes from a page of another site.
 * - `not-found`: there is no such path, destination, message or subscription.
 * - `conflict`: the object has changed, or its state does not permit this.
 * - `busy`: too many requests are in progress.
 */
export type ConsoleErrorCode = 'bad-request' | 'forbidden' | 'not-found' | 'conflict' | 'busy';

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

/** The error for messages that do not exist or are with a consumer. */
export function noMessage(sequence: number, queueName: string): ConsoleError {
  const why = `there is no message ${sequence} in '${queueName}' that no consumer has`;
  return new ConsoleError('not-found', why);
}
