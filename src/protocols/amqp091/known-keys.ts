import { ByteArena } from '../../base/byte-arena.ts';
import { decodeText } from '../../base/byte-text.ts';
import { readU32 } from '../../base/bytes.ts';
import type { Exchange } from '../../broker/exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../../broker/exchanges/router.ts';
import { isReplyAddress } from './address.ts';

const arena = new ByteArena();

/** A message's exchange and routing key, as they came and as text, and where they lead. */
export class Keys implements RememberedRoute {
  /** Both as short strings, one after the other, between two positions. */
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly exchange: string;
  readonly routingKey: string;
  /** Whether they lead to a channel that waits for a reply rather than to queues. */
  readonly isReply: boolean;
  /** Their place among those known at the same time. */
  readonly index: number;
  target: Exchange | undefined = undefined;
  route: Route | undefined = undefined;

  /** @param routingKeyAt where the second short string begins */
  constructor(bytes: Buffer, start: number, routingKeyAt: number, end: number, index = 0) {
    this.index = index;
    this.#start = arena.put(bytes, start, end);
    this.#end = this.#start + end - start;
    this.#bytes = arena.bytes;
    this.exchange = decodeText(bytes, start + 1, routingKeyAt);
    this.routingKey = decodeText(bytes, routingKeyAt + 1, end);
    this.isReply = this.exchange === '' && isReplyAddress(this.routingKey);
  }

  /** Whether they are what lies between the two positions. What differs is mostly at the end. */
  isAt(bytes: Buffer, start: number, end: number): boolean {
    const own = this.#bytes;
    if (this.#end - this.#start !== end - start) return false;
    for (let i = this.#end - 1, at = end - 1; at >= start; i--, at--) {
      if (own[i] !== bytes[at]) return false;
    }
    return true;
  }
}

/** Keys remembered; all are forgotten once there are so many, and learnt anew. */
const countMax = 16_384;

/** 30 bits, which V8 holds without an object. */
const hashMask = 0x3fff_ffff;

/**
 * Keys that came before in one virtual host, from whomever. Publishers send to the same places again
 * and again: a message whose keys are known needs neither a string nor a search.
 */
export class KnownKeys {
  readonly #byHash = new Map<number, Keys>();
  /** By index, which keys came next the last time: who sends to many places often goes round them. */
  readonly #next: (Keys | undefined)[] = [];
  /** Index of the keys that were found last. */
  #last = 0;

  /** The keys that lie between two positions; see {@link Keys}. */
  find(bytes: Buffer, start: number, routingKeyAt: number, end: number): Keys {
    const next = this.#next[this.#last];
    const isNext = next?.isAt(bytes, start, end) === true;
    const keys = isNext ? next : this.#search(bytes, start, routingKeyAt, end);
    if (!isNext) this.#next[this.#last] = keys;
    this.#last = keys.index;
    return keys;
  }

  #search(bytes: Buffer, start: number, routingKeyAt: number, end: number): Keys {
    const hash = hashOf(bytes, start, end);
    const known = this.#byHash.get(hash);
    if (known?.isAt(bytes, start, end) === true) return known;
    if (this.#next.length >= countMax) {
      this.#byHash.clear();
      this.#next.length = 0;
      this.#last = 0;
    }
    const keys = new Keys(bytes, start, routingKeyAt, end, this.#next.push(undefined) - 1);
    this.#byHash.set(hash, keys);
    return keys;
  }
}

/** Four bytes a step; what the bytes at the top of a number say must not be lost with its upper bits. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) hash = mixed(hash ^ readU32(bytes, at));
  for (; at < end; at++) hash = mixed(hash ^ (bytes[at] ?? 0));
  return hash & hashMask;
}

function mixed(hash: number): number {
  const product = Math.imul(hash, 0x9e37_79b1);
  return product ^ (product >>> 15);
}
