/** Pseudo-random numbers that a seed replays; mulberry32, which is good enough to look for bugs. */
export class SeededRandom {
  #state: number;

  /** @param seed a whole number */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to before `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  /** Returns true with a probability of one in `count`. */
  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  /** One of the list's items. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T; // below() is inside
  }

  /** Returns random bytes up to a length. */
  bytes(sizeMax: number): Buffer {
    const bytes = Buffer.alloc(this.below(sizeMax + 1));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.below(256);
    return bytes;
  }

  /** Returns a copy with a few bytes changed, removed or added. */
  damaged(bytes: Buffer): Buffer {
    const parts: Buffer[] = [];
    let from = 0;
    for (let left = 1 + this.below(3); left > 0; left--) {
      const at = from + this.below(bytes.length - from + 1);
      parts.push(bytes.subarray(from, at), this.bytes(this.oneIn(2) ? 1 : 8));
      from = Math.min(bytes.length, at + this.below(4));
    }
    return Buffer.concat([...parts, bytes.subarray(from)]);
  }
}
