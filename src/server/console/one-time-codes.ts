// Codes with which a browser signs in to the web console once.

import type { Random } from '../../base/random.ts';
import { digestOf } from '../../identity/sso/tokens.ts';

/** The time for which a code can be used, milliseconds. */
export const codeMs = 60_000;
/** Maximum number of codes that wait to be used. A further one ends the oldest one. */
const codeCountMax = 256;

/** Keeps what codes stand for, in memory. Only the hashes of codes are kept. */
export class OneTimeCodes<Value> {
  readonly #random: Random;
  readonly #lifeMs: number;
  /** By hash, in the order in which they were made. */
  readonly #values = new Map<string, { readonly value: Value; readonly expiresMs: number }>();

  /** @param lifeMs the time for which codes can be used */
  constructor(random: Random, lifeMs = codeMs) {
    this.#random = random;
    this.#lifeMs = lifeMs;
  }

  /** Makes a code of 256 random bits. */
  give(value: Value, nowMs: number): { readonly code: string; readonly expiresMs: number } {
    const code = this.#random.bytes(32).toString('base64url');
    const expiresMs = nowMs + this.#lifeMs;
    this.#values.set(digestOf(code), { value, expiresMs });
    for (const [hash, kept] of this.#values) {
      if (kept.expiresMs > nowMs && this.#values.size <= codeCountMax) break;
      this.#values.delete(hash);
    }
    return { code, expiresMs };
  }

  /** What a code stands for; undefined if it is unknown, was used or has expired. */
  take(code: string, nowMs: number): Value | undefined {
    const hash = digestOf(code);
    const found = this.#values.get(hash);
    this.#values.delete(hash);
    return found !== undefined && found.expiresMs > nowMs ? found.value : undefined;
  }
}
