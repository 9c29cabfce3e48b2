import { type DecodeOptions, decode, encode, type TagDecoder, Token, Tokenizer, Type } from 'cborg';
import { RequestError } from '../errors.ts';

/** Levels of lists, maps and tags that a body may have; what services take has fewer than ten. */
export const cborDepthMax = 64;

/** Data items that a body may have: numbers, texts, lists, maps, and what is in them. */
export const cborItemCountMax = 100_000;

/** Gives the parts of a body to the decoder, which recurses, and stops where there are too many. */
class BoundedTokenizer extends Tokenizer {
  #itemCount = 0;
  /** Of each list, map and tag that has not ended: how many items it still has. */
  readonly #open: number[] = [];

  override next(): Token {
    const token = super.next();
    this.#itemCount += 1;
    if (this.#itemCount > cborItemCountMax) {
      throw unreadable(`CBOR with more than the ${cborItemCountMax} items allowed`);
    }
    if (Type.equals(token.type, Type.break)) this.#open.pop();
    else {
      const size = sizeOf(token);
      if (size > 0) {
        this.#open.push(size);
        if (this.#open.length > cborDepthMax) {
          throw unreadable(`nested deeper than the ${cborDepthMax} levels allowed`);
        }
        return token;
      }
    }
    this.#ended();
    return token;
  }

  /** An item has ended, and with it what it was the last one of. */
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

/** How many items follow that are in this one. */
function sizeOf({ type, value }: Token): number {
  if (Type.equals(type, Type.array)) return Number(value);
  if (Type.equals(type, Type.map)) return 2 * Number(value);
  return Type.equals(type, Type.tag) ? 1 : 0;
}

/** Tag 1 is a moment in seconds since 1970 (RFC 8949, 3.4.2). */
const readMoment: TagDecoder = (content) => {
  const seconds = content();
  const date = new Date(typeof seconds === 'number' ? Math.round(seconds * 1000) : Number.NaN);
  if (Number.isNaN(date.getTime())) throw unreadable('CBOR with a timestamp that is none');
  return date;
};

/**
 * Reads a body as CBOR; an empty one is an empty map.
 *
 * @returns plain objects, lists, texts, numbers, `bigint` beyond 2^53, `Uint8Array`, `Date`
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
    // The decoder's own message would repeat parts of the body, which may be secret.
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
