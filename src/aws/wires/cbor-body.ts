// Reads and writes CBOR bodies.

import { type DecodeOptions, decode, encode, type TagDecoder, Token, Tokenizer, Type } from 'cborg';
import { RequestError } from '../errors.ts';

/**
 * Maximum nesting of lists, maps and tags. The input of real services has fewer than ten levels.
 */
export const cborDepthMax = 64;

/** Maximum number of data items in a body. */
export const cborItemCountMax = 100_000;

/**
 * A tokenizer that stops when a body is nested too deeply or has too many items. The decoder is
 * recursive.
 */
class BoundedTokenizer extends Tokenizer {
  #itemCount = 0;
  /** The remaining items of each open list, map and tag. */
  readonly #open: number[] = [];

  override next(): Token {
    const token = super.next();
    this.#itemCount += 1;
    if (this.#itemCount > cborItemCountMax) {
      throw unreadable(`CBOR with more than ${cborItemCountMax} items, the maximum allowed`);
    }
    if (Type.equals(token.type, Type.break)) this.#open.pop();
    else {
      const size = sizeOf(token);
      if (size > 0) {
        this.#open.push(size);
        if (this.#open.length > cborDepthMax) {
          throw unreadable(`nested deeper than ${cborDepthMax} levels, the maximum allowed`);
        }
        return token;
      }
    }
    this.#ended();
    return token;
  }

  /** Completes an item, and every container of which it is the last item. */
  #ended(): void {
    for (;;) {
      const left = (this.#open.pop() ?? Infinity) - 1;
      if (left === Infinity && this.#open.length === 0) return;
      if (left > 0) {
        this.#open.push(left);
        return;
      }
    }
  }
}

/** The number of items that a token contains. */
function sizeOf({ type, value }: Token): number {
  if (Type.equals(type, Type.array)) return Number(value);
  if (Type.equals(type, Type.map)) return 2 * Number(value);
  return Type.equals(type, Type.tag) ? 1 : 0;
}

/** Tag 1: a timestamp in seconds since 1970 (RFC 8949, 3.4.2). */
const readMoment: TagDecoder = (content) => {
  const seconds = content();
  const date = new Date(typeof seconds === 'number' ? Math.round(seconds * 1000) : Number.NaN);
  if (Number.isNaN(date.getTime())) throw unreadable('CBOR with an invalid timestamp');
  return date;
};

/**
 * Parses a CBOR body. An empty body is an empty map.
 *
 * @returns plain objects, arrays, strings, numbers, `bigint` beyond 2^53, `Uint8Array`, `Date`
 * @throws {RequestError} `unreadable`
 */
export function parseCbor(body: Buffer): unknown {
  if (body.length === 0) return {};
  const options: DecodeOptions = {
    allowBigInt: true,
    allowIndefinite: true,
    allowUndefined: true,
    rejectDuplicateMapKeys: true,
    tags: { 1: readMoment },
  };
  try {
    const tokenizer = new BoundedTokenizer(body, options);
    return decode(body, { ...options, tokenizer });
  } catch (error) {
    // The decoder's own message could repeat sensitive parts of the body.
    throw error instanceof RequestError ? error : unreadable('not CBOR', error);
  }
}

/** Writes plain values, `Uint8Array` and `Date` as CBOR. */
export function writeCbor(value: unknown): Buffer {
  const bytes = encode(value, {
    typeEncoders: {
      Date: (date: Date) => [new Token(Type.tag, 1), new Token(Type.float, date.getTime() / 1000)],
    },
  });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function unreadable(what: string, cause?: unknown): RequestError {
  return new RequestError('unreadable', `The body of the request is ${what}`, { cause });
}
