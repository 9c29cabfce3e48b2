/** A message's exchange and routing key, as they came and as text. */
export interface Keys {
  /** Both as short strings, one after the other. */
  readonly bytes: Buffer;
  readonly exchange: string;
  readonly routingKey: string;
}

/** Keys remembered; all are forgotten once there are so many, and learnt anew. */
const countMax = 16_384;

/** 30 bits, which V8 holds without an object. */
const hashMask = 0x3fff_ffff;

/**
 * Keys that were decoded before. Publishers send to the same places again and again: a message whose
 * keys are known costs no string, whoever sent them first.
 */
export class KnownKeys {
  readonly #byHash = new Map<number, Keys>();

  /**
   * The keys that lie between two positions as two short strings.
   *
   * @param routingKeyAt where the second begins
   */
  find(bytes: Buffer, start: number, routingKeyAt: number, end: number): Keys {
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] ?? 0)) | 0;
    hash &= hashMask;
    const known = this.#byHash.get(hash);
    if (known !== undefined && isSame(known, bytes, start, end)) return known;
    if (this.#byHash.size >= countMax) this.#byHash.clear();
    const keys = decode(bytes, start, routingKeyAt, end);
    this.#byHash.set(hash, keys);
    return keys;
  }
}

function decode(bytes: Buffer, start: number, routingKeyAt: number, end: number): Keys {
  return {
    bytes: Buffer.from(bytes.subarray(start, end)),
    exchange: bytes.toString('utf8', start + 1, routingKeyAt),
    routingKey: bytes.toString('utf8', routingKeyAt + 1, end),
  };
}

/** Whether the keys are those between the two positions. What differs is mostly at their end. */
export function isSame({ bytes: known }: Keys, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = known.length - 1, at = end - 1; i >= 0; i--, at--) {
    if (known[i] !== bytes[at]) return false;
  }
  return true;
}
