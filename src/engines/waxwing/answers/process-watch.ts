// Watches whether broker processes answer.

import { type Clock, systemClock, type Timer } from '../../../base/clock.ts';

/** Time between two checks of all processes, milliseconds. */
const lookMs = 1000;
/**
 * Maximum time that one check adds, milliseconds. After the service was stopped or got no processor, its
 * next check is late. The brokers may have had no processor either, and their answers are read after the
 * check.
 */
const countedMsMax = 2 * lookMs;

/** What is told how much time has passed. */
export interface Watched {
  passed(ms: number): void;
}

/** Tells broker processes that time passes, as the service itself experiences it. */
export class ProcessWatch {
  readonly #clock: Clock;
  readonly #watched = new Set<Watched>();
  #timer: Timer | undefined = undefined;
  #lookedMs = 0;

  constructor(clock = systemClock) {
    this.#clock = clock;
  }

  /** Watches a process until {@link remove}. */
  add(process: Watched): void {
    this.#watched.add(process);
    if (this.#timer !== undefined) return;
    this.#lookedMs = this.#clock.monotonicMs();
    this.#timer = this.#clock.setInterval(() => this.#look(), lookMs);
  }

  /** Ends watching a process. Has no effect if it is not watched. */
  remove(process: Watched): void {
    this.#watched.delete(process);
    if (this.#watched.size > 0) return;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    const ms = Math.min(nowMs - this.#lookedMs, countedMsMax);
    this.#lookedMs = nowMs;
    for (const process of this.#watched) process.passed(ms);
  }
}
