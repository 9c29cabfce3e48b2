import type { MemoryLimits } from './memory-budget.ts';

const mib = 1024 * 1024;

/** Every limit of the API on one request or connection; `apiDoorLimits` has those on connections. */
export interface HttpLimits {
  /** Bytes of a request's body. */
  readonly bodyBytesMax: number;
  /** Bytes of a refused request's body that are still received, so that the client reads the answer. */
  readonly unreadBytesMax: number;
  /** Pieces in which a body may arrive; a piece is a chunk, or what one read of the socket gave. */
  readonly bodyPiecesMax: number;
  /** Bytes of a body that need no share of the memory for strangers. */
  readonly smallBodyBytesMax: number;
  /** Memory for the larger bodies of requests whose sender is not known yet. */
  readonly strangerBodies: MemoryLimits;
  /** Calls of one source that are refused in a second; the answers to more are late. */
  readonly refusedCountMax: number;
  /** Milliseconds by which these answers are late. */
  readonly refusedDelayMs: number;
  /** Headers of a request. */
  readonly headerCountMax: number;
  /** Bytes of all headers of a request. */
  readonly headerBytesMax: number;
  /** Requests on one connection that wait for their answers. */
  readonly pipelinedCountMax: number;
  /** Milliseconds for the headers of a request. */
  readonly headersMs: number;
  /** Milliseconds for a whole request. */
  readonly requestMs: number;
  /** Milliseconds for the body of a refused request. */
  readonly unreadMs: number;
  /** Milliseconds that a connection without a request is kept. */
  readonly keepAliveMs: number;
  /** Milliseconds that a connection on which nothing moves is kept. */
  readonly idleMs: number;
  /** How often connections are looked at for these times, milliseconds. */
  readonly checkMs: number;
}

/** The limits of the API's port. */
export const httpLimits: HttpLimits = {
  bodyBytesMax: mib,
  unreadBytesMax: 16 * mib,
  bodyPiecesMax: 1024,
  smallBodyBytesMax: 4096,
  strangerBodies: { bytesMax: 8 * mib, sourceBytesMax: 2 * mib },
  refusedCountMax: 50,
  refusedDelayMs: 1000,
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
