// The cache of exchanges and routing keys.

import { ByteArena } from '../../base/byte-arena.ts';
import { decodeText } from '../../base/byte-text.ts';
import { readU32 } from '../../base/bytes.ts';
import type { Exchange } from '../../broker/exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../../broker/exchanges/route-cache.ts';
import { isReplyAddress } from './special-names.ts';

const arena = new ByteArena();

/** An exchange and a routing key, as bytes and as text, and their route. */
export class Keys implements RememberedRoute {
  /** Both as short strings, consecutive, between two offsets. */
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #end: number;
  readonly exchange: string;
  readonly routingKey: string;
  /** Whether they address a channel that waits for a reply instead of queues. */
  readonly isReply: boolean;
  /** The index in the cache. */
  readonly index: number;
  target: Exchange | undefined = undefined;
  route: Route | undefined = undefined;

  /** @param routingKeyAt the offset of the second short string */
  constructor(bytes: Buffer, start: number, routingKeyAt: number, end: number, index = 0) {
    this.index = index;
    this.#start = arena.put(bytes, start, end);
    this.#end = this.#start + end - start;
    this.#bytes = arena.bytes;
    this.exchange = decodeText(bytes, start + 1, routingKeyAt);
    this.routingKey = decodeText(bytes, routingKeyAt + 1, end);
    this.isReply = this.exchange === '' && isReplyAddress(this.routingKey);
  }

  /** Whether the bytes between two offsets are equal. Differences are usually at the end. */
  isAt(bytes: Buffer, start: number, end: number): boolean {
    const own = this.#bytes;
    if (this.#end - this.#start !== end - start) return false;
    for (let i = this.#end - 1, at = end - 1; at >= start; i--, at--) {
      if (own[i] !== bytes[at]) return false;
    }
    return true;
  }
}

/** Maximum number of cached keys. When it is reached, the cache is cleared. */
const countMax = 16_384;

/** 30 bits, which V8 represents without an object. */
const hashMask = 0x3fff_ffff;

/**
 * Caches the keys in one virtual host. Publishers send to the same destinations repeatedly: a
 * message with known keys needs neither a new string nor a search.
 */
export class RoutingKeyCache {
  readonly #byHash = new Map<number, Keys>();
  /**
   * The next key of each key the last time, because publishers often cycle through destinations.
   */
  readonly #next: (Keys | undefined)[] = [];
  /** The index of the last key found. */
  #last = 0;

  /** Returns the keys between two offsets. See {@link Keys}. */
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

/** Four bytes per step. The upper bits must not lose the information of the upper bytes. */
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
