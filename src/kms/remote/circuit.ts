// A limit for calls to a service outside, which may be away.

import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { RemoteKmsUnreachable } from './remote-kms-client.ts';

/** Maximum number of calls at a time. */
const callsMax = 16;
/** Maximum number of callers that wait for their turn. */
const waitersMax = 2000;
/** Failures in a row after which no more calls are made for a while. */
const failuresMax = 3;
/** The first and the longest pause, milliseconds. Each pause is twice as long as the previous one. */
const pauseMs = { first: 1000, longest: 60_000 };

interface Waiter {
  readonly go: () => void;
  readonly fail: (error: Error) => void;
}

/**
 * Limits calls to a service: at most 16 at a time, and after three failures in a row none for a
 * pause, then a single one that decides whether others follow. So the callers of a service that is
 * away neither wait for it nor call it all at once when it comes back.
 */
export class Circuit {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #waiters: Waiter[] = [];
  #callCount = 0;
  #failureCount = 0;
  /** Monotonic time before which no call is made. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;
  #isProbing = false;
  #reason = '';

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Runs calls when it is their turn. They tell the outcome with {@link succeeded} and
   * {@link failed}.
   *
   * @throws {RemoteKmsUnreachable} without running them, during a pause or if too many callers wait
   */
  async run<T>(calls: () => Promise<T>): Promise<T> {
    this.#requireOpen();
    if (this.#callCount >= callsMax) await this.#turn();
    else this.#callCount++;
    const isProbe = this.#isPaused;
    if (isProbe) this.#isProbing = true;
    try {
      return await calls();
    } finally {
      if (isProbe) this.#isProbing = false;
      this.#release();
    }
  }

  /** The service decided about a call. */
  succeeded(): void {
    this.#failureCount = 0;
  }

  /** The service did not decide about a call. */
  failed(reason: string): void {
    this.#failureCount++;
    this.#reason = reason;
    if (!this.#isPaused) return;
    const doublings = Math.min(this.#failureCount - failuresMax, 16);
    const longest = Math.min(pauseMs.first * 2 ** doublings, pauseMs.longest);
    // Shortened by up to a fifth, so that several services do not call together.
    const shortenedMs = (longest / 5) * ((this.#random.bytes(1)[0] ?? 0) / 256);
    this.#pausedUntilMs = this.#clock.monotonicMs() + longest - shortenedMs;
    for (const { fail } of this.#waiters.splice(0)) fail(this.#unreachable());
  }

  get #isPaused(): boolean {
    return this.#failureCount >= failuresMax;
  }

  /** @throws {RemoteKmsUnreachable} */
  #requireOpen(): void {
    const isOver = this.#clock.monotonicMs() >= this.#pausedUntilMs;
    if (this.#isPaused && (!isOver || this.#isProbing)) throw this.#unreachable();
    if (this.#waiters.length < waitersMax) return;
    throw new RemoteKmsUnreachable(`${waitersMax} callers wait for the remote KMS already`);
  }

  #unreachable(): RemoteKmsUnreachable {
    const text = `the remote KMS failed ${this.#failureCount} times in a row and is not called for now`;
    return new RemoteKmsUnreachable(`${text}; last: ${this.#reason}`);
  }

  #turn(): Promise<void> {
    return new Promise((go, fail) => this.#waiters.push({ go, fail }));
  }

  /** Passes the turn on. */
  #release(): void {
    const next = this.#waiters.shift();
    if (next === undefined) this.#callCount--;
    else next.go();
  }
}
