// Reading of request bodies with bounded memory.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../base/clock.ts';
import type { HttpLimits } from './http-limits.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** The reason why a body was not read. */
export type BodyFailure =
  /** The body is larger than allowed. */
  | 'too-large'
  /** The body came in too many pieces. */
  | 'in-pieces'
  /** The memory for bodies of unauthenticated requests is exhausted. */
  | 'no-room';

/** The memory budget that the body of an unauthenticated request is charged to. */
export interface BodyShare {
  readonly budget: MemoryBudget;
  /** The source of the request. */
  readonly source: string;
}

/**
 * Reads a body into one buffer.
 *
 * @param share undefined if the sender is authenticated
 * @param done called once, unless the request ends before its body is complete
 */
export function readBody(
  incoming: IncomingMessage,
  limits: HttpLimits,
  share: BodyShare | undefined,
  done: (body: Buffer | BodyFailure) => void,
): void {
  const body = new Body(limits, share);
  let isDone = false;
  const finish = (found: Buffer | BodyFailure) => {
    if (isDone) return;
    isDone = true;
    body.release();
    incoming.off('data', add);
    done(found);
  };
  const add = (piece: Buffer) => {
    const failure = body.add(piece);
    if (failure !== undefined) finish(failure);
  };
  incoming.on('data', add);
  incoming.on('end', () => finish(body.bytes));
  incoming.on('close', () => body.release());
}

/**
 * Receives and discards the body of a refused request. Most clients read the answer only after they
 * have sent everything.
 *
 * @param done called once: at the end of the body, or if it is too long, takes too long, or comes
 *   in too many pieces
 */
export function skipBody(
  incoming: IncomingMessage,
  limits: HttpLimits,
  clock: Clock,
  done: (end: 'ended' | 'too-large' | 'in-pieces') => void,
): void {
  let sizeBytes = 0;
  let pieceCount = 0;
  let isDone = false;
  const finish = (end: Parameters<typeof done>[0]) => {
    if (isDone) return;
    isDone = true;
    timeout.clear();
    incoming.off('data', count);
    done(end);
  };
  const count = (piece: Buffer) => {
    sizeBytes += piece.length;
    pieceCount++;
    if (sizeBytes > limits.unreadBytesMax) finish('too-large');
    else if (pieceCount > limits.bodyPiecesMax) finish('in-pieces');
  };
  const timeout = clock.setTimeout(() => finish('too-large'), limits.unreadMs);
  incoming.on('data', count);
  incoming.on('end', () => finish('ended'));
  incoming.on('close', () => timeout.clear());
}

/** A body that is being received into one growing buffer. */
class Body {
  readonly #limits: HttpLimits;
  readonly #share: BodyShare | undefined;
  #buffer: Buffer = Buffer.alloc(0);
  #sizeBytes = 0;
  #pieceCount = 0;
  /** Bytes charged to the budget. */
  #takenBytes = 0;

  constructor(limits: HttpLimits, share: BodyShare | undefined) {
    this.#limits = limits;
    this.#share = share;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#sizeBytes);
  }

  /** Copies a piece. A reference would keep the whole received buffer in memory. */
  add(piece: Buffer): BodyFailure | undefined {
    const { bodyBytesMax, bodyPiecesMax } = this.#limits;
    const sizeBytes = this.#sizeBytes + piece.length;
    if (sizeBytes > bodyBytesMax) return 'too-large';
    if (++this.#pieceCount > bodyPiecesMax) return 'in-pieces';
    if (sizeBytes > this.#buffer.length && !this.#grow(sizeBytes)) return 'no-room';
    piece.copy(this.#buffer, this.#sizeBytes);
    this.#sizeBytes = sizeBytes;
    return undefined;
  }

  #grow(sizeBytes: number): boolean {
    const { bodyBytesMax, smallBodyBytesMax } = this.#limits;
    const doubled = Math.max(smallBodyBytesMax, this.#buffer.length * 2, sizeBytes);
    const roomBytes = Math.min(bodyBytesMax, doubled);
    if (!this.#charge(roomBytes)) return false;
    const larger = Buffer.allocUnsafe(roomBytes);
    this.#buffer.copy(larger, 0, 0, this.#sizeBytes);
    this.#buffer = larger;
    return true;
  }

  #charge(roomBytes: number): boolean {
    if (this.#share === undefined || roomBytes <= this.#limits.smallBodyBytesMax) return true;
    const { budget, source } = this.#share;
    const moreBytes = roomBytes - this.#takenBytes;
    if (!budget.take(source, moreBytes)) return false;
    this.#takenBytes += moreBytes;
    return true;
  }

  release(): void {
    if (this.#takenBytes > 0) this.#share?.budget.release(this.#share.source, this.#takenBytes);
    this.#takenBytes = 0;
  }
}
