// Limits of rates, by token buckets.

import type { Clock } from './clock.ts';

/** A rate: a number at once, and a number per second on average. */
export interface Rate {
  readonly atOnceMax: number;
  readonly perSecond: number;
}

/** The limits of {@link TokenBuckets}. */
export interface RateLimits {
  /** The rate of one source. */
  readonly ofSource: Rate;
  /** The rate of all sources together. */
  readonly ofAll: Rate;
  /** Maximum number of sources that are remembered. */
  readonly sourceCountMax: number;
}

/** A bucket: tokens that are left, and when they were counted. */
interface Bucket {
  tokens: number;
  atMs: number;
}

/** Limits how often something is done, for each source and in total. */
export class TokenBuckets {
  readonly #limits: RateLimits;
  readonly #clock: Clock;
  readonly #all: Bucket;
  /** By source; the one that was used longest ago is first. */
  readonly #sources = new Map<string, Bucket>();

  constructor(limits: RateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#all = { tokens: limits.ofAll.atOnceMax, atMs: clock.monotonicMs() };
  }

  /** Takes a token of a source, and one of all. Returns what had none left. */
  take(source: string): 'taken' | 'none-of-source' | 'none-of-all' {
    const { ofSource, ofAll, sourceCountMax } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    const own = this.#sources.get(source) ?? { tokens: ofSource.atOnceMax, atMs: nowMs };
    this.#sources.delete(source);
    this.#sources.set(source, own);
    const [oldest] = this.#sources.keys();
    if (this.#sources.size > sourceCountMax && oldest !== undefined) this.#sources.delete(oldest);
    fill(own, ofSource, nowMs);
    fill(this.#all, ofAll, nowMs);
    if (own.tokens < 1) return 'none-of-source';
    own.tokens -= 1;
    if (this.#all.tokens < 1) return 'none-of-all';
    this.#all.tokens -= 1;
    return 'taken';
  }
}

function fill(bucket: Bucket, { atOnceMax, perSecond }: Rate, nowMs: number): void {
  const earned = ((nowMs - bucket.atMs) * perSecond) / 1000;
  bucket.tokens = Math.min(atOnceMax, bucket.tokens + earned);
  bucket.atMs = nowMs;
}
