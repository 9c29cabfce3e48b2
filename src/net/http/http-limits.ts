// Limits of HTTP requests.

import type { MemoryLimits } from './memory-budget.ts';

const mib = 1024 * 1024;

/**
 * The limits of requests and their connections. `apiAdmissionLimits` limits the number of
 * connections.
 */
export interface HttpLimits {
  /** Maximum size of a request body, bytes. */
  readonly bodyBytesMax: number;
  /**
   * Maximum size of a refused request's body that is still received, so that the client reads the
   * answer.
   */
  readonly unreadBytesMax: number;
  /** Maximum number of pieces of a body. A piece is a chunk, or the result of one read. */
  readonly bodyPiecesMax: number;
  /** Bodies up to this size are not charged to the memory budget, bytes. */
  readonly smallBodyBytesMax: number;
  /** The memory budget for larger bodies of unauthenticated requests. */
  readonly unauthenticatedBodies: MemoryLimits;
  /** Refused calls per second and source. Further answers are delayed. */
  readonly refusedCountMax: number;
  /** The delay of these answers, milliseconds. */
  readonly refusedDelayMs: number;
  /**
   * Files of a site, and other answers to anybody, per second and source. Further ones wait for
   * {@link refusedDelayMs}.
   */
  readonly fileCountMax: number;
  /** Maximum number of headers of a request. */
  readonly headerCountMax: number;
  /** Maximum size of all headers of a request, bytes. */
  readonly headerBytesMax: number;
  /** Maximum number of unanswered requests on a connection. */
  readonly pipelinedCountMax: number;
  /** Maximum time for the headers of a request, milliseconds. */
  readonly headersMs: number;
  /** Maximum time for a request, milliseconds. */
  readonly requestMs: number;
  /** Maximum time for the body of a refused request, milliseconds. */
  readonly unreadMs: number;
  /** Time after which a connection without a request is closed, milliseconds. */
  readonly keepAliveMs: number;
  /** Time after which an inactive connection is closed, milliseconds. */
  readonly idleMs: number;
  /** Interval of the checks of these times, milliseconds. */
  readonly checkMs: number;
}

/** The limits of the API's port. */
export const httpLimits: HttpLimits = {
  bodyBytesMax: mib,
  unreadBytesMax: 16 * mib,
  bodyPiecesMax: 1024,
  smallBodyBytesMax: 4096,
  unauthenticatedBodies: { bytesMax: 8 * mib, sourceBytesMax: 2 * mib },
  refusedCountMax: 50,
  refusedDelayMs: 1000,
  fileCountMax: 200,
  headerCountMax: 100,
  headerBytesMax: 16 * 1024,
  pipelinedCountMax: 4,
  headersMs: 10_000,
  requestMs: 30_000,
  unreadMs: 5000,
  keepAliveMs: 75_000,
  idleMs: 120_000,
  checkMs: 1000,
};
