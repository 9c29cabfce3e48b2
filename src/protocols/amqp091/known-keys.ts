import type { Exchange } from '../../broker/exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../../broker/exchanges/router.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { isReplyAddress } from './address.ts';

/** A message's exchange and routing key, as they came and as text, and where they lead. */
export class Keys implements RememberedRoute {
  /** Both as short strings, one after the other. */
  readonly bytes: Buffer;
  readonly exchange: string;
  readonly routingKey: string;
  /** Whether they lead to a channel that waits for a reply rather than to queues. */
  readonly isReply: boolean;
  target: Exchange | undefined = undefined;
  route: Route | undefined = undefined;

  /** @param routingKeyAt where the second short string begins */
  constructor(bytes: Buffer, start: number, routingKeyAt: number, end: number) {
    this.bytes = Buffer.from(bytes.subarray(start, end));
    this.exchange = bytes.toString('utf8', start + 1, routingKeyAt);
    this.routingKey = bytes.toString('utf8', routingKeyAt + 1, end);
    this.isReply = this.exchange === '' && isReplyAddress(this.routingKey);
  }

  /** Whether they are what lies between the two positions. What differs is mostly at the end. */
  isAt(bytes: Buffer, start: number, end: number): boolean {
    const own = this.bytes;
    if (own.length !== end - start) return false;
    for (let i = own.length - 1, at = end - 1; i >= 0; i--, at--) {
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
  static readonly #of = new WeakMap<Vhost, KnownKeys>();
  readonly #byHash = new Map<number, Keys>();

  /** Those of a virtual host. */
  static of(vhost: Vhost): KnownKeys {
    let known = KnownKeys.#of.get(vhost);
    if (known === undefined) {
      known = new KnownKeys();
      KnownKeys.#of.set(vhost, known);
    }
    return known;
  }

  /** The keys that lie between two positions; see {@link Keys}. */
  find(bytes: Buffer, start: number, routingKeyAt: number, end: number): Keys {
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    hash &= hashMask;
    const known = this.#byHash.get(hash);
    if (known?.isAt(bytes, start, end) === true) return known;
    if (this.#byHash.size >= countMax) this.#byHash.clear();
    const keys = new Keys(bytes, start, routingKeyAt, end);
    this.#byHash.set(hash, keys);
    return keys;
  }
}
