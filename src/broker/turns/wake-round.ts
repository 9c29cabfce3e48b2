// Wakes many consumers in slices.

import type { Background } from './background.ts';

/** Number of consumers that are woken at once. More are woken in steps. */
export const wokenAtOnceMax = 64;

/** Number of consumers that are woken in one step of about ten microseconds. */
const stepSize = 16;

/** A consumer whose deliveries may be possible again. */
export interface Wakeable {
  wake(): void;
}

/**
 * Wakes consumers. A few are woken at once, many in steps, so that a peer that
 * stops and starts to read does not take a turn of the event loop for all of its consumers. A
 * request during a round repeats the round once.
 */
export class WakeRound {
  readonly #background: Pick<Background, 'run'>;
  readonly #all: () => Iterable<Wakeable>;
  #isRunning = false;
  #isWanted = false;

  /** @param all the consumers; those that are added or removed during a round may be left out */
  constructor(background: Pick<Background, 'run'>, all: () => Iterable<Wakeable>) {
    this.#background = background;
    this.#all = all;
  }

  /**
   * Wakes all consumers.
   *
   * @param count the number of consumers, or more
   */
  start(count: number): void {
    this.#isWanted = true;
    if (this.#isRunning) return;
    if (count <= wokenAtOnceMax) {
      this.#isWanted = false;
      for (const each of this.#all()) each.wake();
      return;
    }
    this.#isRunning = true;
    this.#background.run(this.#steps(), () => {
      this.#isRunning = false;
      if (this.#isWanted) this.start(count);
    });
  }

  *#steps(): Generator<void> {
    this.#isWanted = false;
    let count = 0;
    for (const each of this.#all()) {
      each.wake();
      if (++count % stepSize === 0) yield;
    }
  }
}
