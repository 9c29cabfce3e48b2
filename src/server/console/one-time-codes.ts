// Codes with which a browser signs in to the web console once.

import { FairPool } from '../../base/fair-pool.ts';
import type { Random } from '../../base/random.ts';
import { digestOf } from '../../identity/sso/tokens.ts';

/** The time for which a code can be used, milliseconds. */
export const codeMs = 60_000;
/**
 * Maximum number of codes that wait to be used. A further one ends the oldest one of the person who has
 * most of them.
 */
export const codeCountMax = 256;

/** A code that waits to be used. */
interface Code<Value> {
  readonly hash: string;
  readonly value: Value;
  readonly expiresMs: number;
}

/** Keeps what codes stand for, in memory. Only the hashes of codes are kept. */
export class OneTimeCodes<Value> {
  readonly #random: Random;
  readonly #lifeMs: number;
  /** By hash, in the order in which they were made. */
  readonly #codes = new Map<string, Code<Value>>();
  readonly #pool = new FairPool<Code<Value>>(codeCountMax);

  /** @param lifeMs the time for which codes can be used */
  constructor(random: Random, lifeMs = codeMs) {
    this.#random = random;
    this.#lifeMs = lifeMs;
  }

  /**
   * Makes a code of 256 random bits.
   *
   * @param owner the person whom it is for; people share the places fairly
   */
  give(
    value: Value,
    owner: string,
    nowMs: number,
  ): { readonly code: string; readonly expiresMs: number } {
    const code = this.#random.bytes(32).toString('base64url');
    const expiresMs = nowMs + this.#lifeMs;
    this.#dropExpired(nowMs);
    const made = { hash: digestOf(code), value, expiresMs };
    this.#codes.set(made.hash, made);
    const given = this.#pool.add({ group: owner, member: '' }, made);
    if (given !== undefined) this.#drop(given);
    return { code, expiresMs };
  }

  #dropExpired(nowMs: number): void {
    for (const code of this.#codes.values()) {
      if (code.expiresMs > nowMs) return;
      this.#drop(code);
    }
  }

  #drop(code: Code<Value>): void {
    this.#codes.delete(code.hash);
    this.#pool.delete(code);
  }

  /** What a code stands for; undefined if it is unknown, was used or has expired. */
  take(code: string, nowMs: number): Value | undefined {
    const found = this.#codes.get(digestOf(code));
    if (found === undefined) return undefined;
    this.#drop(found);
    return found.expiresMs > nowMs ? found.value : undefined;
  }
}
