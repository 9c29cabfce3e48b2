// Jobs in the background of the broker whose time is counted.

import type { Clock } from '../../base/clock.ts';
import { stepUnits } from '../../broker/turns/background.ts';
import type { Runner } from '../slices.ts';

/** Time of steps that is counted together, milliseconds. */
const chargedAtOnceMs = 1;

/**
 * Units of the background for a millisecond, twice as many as others spend: half of a turn is enough
 * for what nobody's messages wait for.
 */
const unitsPerMs = 2000;

/** Runs jobs, and tells how much time of the event loop their steps have taken. */
export class Metered implements Runner {
  readonly #background: Runner;
  readonly #clock: Clock;
  readonly #charge: (ms: number) => void;

  /** @param charge called with milliseconds when a part of a job has ended */
  constructor(background: Runner, clock: Clock, charge: (ms: number) => void) {
    this.#background = background;
    this.#clock = clock;
    this.#charge = charge;
  }

  run(steps: Iterable<void>, done?: () => void): void {
    this.#background.run(this.#timed(steps), done);
  }

  spend(units: number): void {
    this.#background.spend(units);
  }

  *#timed(steps: Iterable<void>): Generator<void> {
    const clock = this.#clock;
    const iterator = steps[Symbol.iterator]();
    let takenMs = 0;
    try {
      for (;;) {
        const beganMs = clock.monotonicMs();
        const { done } = iterator.next();
        const stepMs = clock.monotonicMs() - beganMs;
        takenMs += stepMs;
        if (done === true) return;
        this.#background.spend(Math.max(0, stepMs * unitsPerMs - stepUnits));
        if (takenMs > chargedAtOnceMs) {
          this.#charge(takenMs);
          takenMs = 0;
        }
        yield;
      }
    } finally {
      this.#charge(takenMs);
    }
  }
}
