import type { Clock, Timer } from '../../base/clock.ts';

/** Timers are set anew after so long: a wall clock may jump meanwhile. */
const timerMaxMs = 60_000;

/** Rings once at a wall time: the earliest that was asked for since it last rang. */
export class Alarm {
  readonly #clock: Clock;
  readonly #rings: () => void;
  #timer: Timer | undefined = undefined;
  #atMs = Infinity;

  constructor(clock: Clock, rings: () => void) {
    this.#clock = clock;
    this.#rings = rings;
  }

  /**
   * Has it ring at a time at the latest. It may ring early, never later than asked for.
   *
   * @param atMs wall milliseconds
   */
  set(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#timer?.clear();
    this.#atMs = atMs;
    const waitMs = Math.min(Math.max(0, atMs - this.#clock.nowMs()), timerMaxMs);
    this.#timer = this.#clock.setTimeout(() => {
      this.#atMs = Infinity;
      this.#rings();
    }, waitMs);
  }

  /** It rings no more. */
  stop(): void {
    this.#timer?.clear();
    this.#atMs = -Infinity;
  }
}
