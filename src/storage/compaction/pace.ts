// Rate limiting of background work.

import { type Clock, systemClock } from '../../base/clock.ts';

/** The fraction of time for a compaction while the log is in use, and while it is idle. */
const busyShare = 0.1;
const idleShare = 0.5;
/** Minimum length of a pause, milliseconds. */
const restMsMin = 2;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Limits background work to a fraction of the time, so that users of the log hardly notice it. */
export class Pace {
  readonly #share: number | undefined;
  readonly #isBusy: () => boolean;
  readonly #clock: Clock;
  #workedMs = 0;
  #isStopped = false;
  #wake: () => void = () => {};

  /**
   * @param isBusy whether others have used the log since the last call
   * @param share the fraction of time; 1 means no pauses
   */
  constructor(isBusy: () => boolean, share?: number, clock: Clock = systemClock) {
    this.#isBusy = isBusy;
    this.#share = share;
    this.#clock = clock;
  }

  /** Performs work on the event loop. */
  work<T>(step: () => T): T {
    const beganMs = this.#clock.monotonicMs();
    try {
      return step();
    } finally {
      this.#workedMs += this.#clock.monotonicMs() - beganMs;
    }
  }

  /** Waits for work on the disk. */
  async wait<T>(step: () => Promise<T>): Promise<T> {
    const beganMs = this.#clock.monotonicMs();
    try {
      return await step();
    } finally {
      this.#workedMs += this.#clock.monotonicMs() - beganMs;
    }
  }

  /** Yields to others, and pauses in proportion to the work since the last pause. */
  async rest(): Promise<void> {
    const isRested = this.#workedMs < restMsMin;
    if (this.#share === 1 || isRested || this.#isStopped) return turn();
    const share = this.#share ?? (this.#isBusy() ? busyShare : idleShare);
    const restMs = this.#workedMs * (1 / share - 1);
    this.#workedMs = 0;
    await this.pause(restMs);
  }

  /** Pauses for so many milliseconds, or until {@link stop}. */
  async pause(ms: number): Promise<void> {
    if (this.#isStopped) return turn();
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, ms);
      this.#wake = () => {
        timer.clear();
        resolve();
      };
    });
  }

  /** Ends all pauses, so that the work ends soon. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }
}
