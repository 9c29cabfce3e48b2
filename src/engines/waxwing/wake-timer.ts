// A timer for an absolute time.

import type { Clock, Timer } from '../../base/clock.ts';

/** Maximum length of a timer. It is restarted, because the wall clock may jump. */
const timerMaxMs = 60_000;

/** Calls back once at the earliest of the times that were set since the last call. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #rings: () => void;
  #timer: Timer | undefined = undefined;
  #atMs = Infinity;

  constructor(clock: Clock, rings: () => void) {
    this.#clock = clock;
    this.#rings = rings;
  }

  /**
   * Schedules a call at or before a time. The call may be early, never late.
   *
   * @param atMs milliseconds since 1970
   */
  schedule(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#timer?.clear();
    this.#atMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - this.#clock.nowMs()), timerMaxMs);
    this.#timer = this.#clock.setTimeout(() => {
      this.#atMs = Infinity;
      this.#rings();
    }, waitMs);
  }

  /** Cancels the timer permanently. */
  stop(): void {
    this.#timer?.clear();
    this.#atMs = -Infinity;
  }
}
