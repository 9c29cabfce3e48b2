import { type Clock, systemClock } from '../../base/clock.ts';

/** Part of the time that a compaction may take while somebody waits for the log, and else. */
const busyShare = 0.1;
const idleShare = 0.5;
/** Less work than this is not worth a rest. */
const restMsMin = 2;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Keeps background work to a part of the time, so that whoever waits for the log hardly notices it. */
export class Pace {
  readonly #share: number | undefined;
  readonly #isBusy: () => boolean;
  readonly #clock: Clock;
  #workedMs = 0;
  #isStopped = false;
  #wake: () => void = () => {};

  /**
   * @param isBusy whether others have used the log since it was asked last
   * @param share 1 for no rests
   */
  constructor(isBusy: () => boolean, share?: number, clock: Clock = systemClock) {
    this.#isBusy = isBusy;
    this.#share = share;
    this.#clock = clock;
  }

  /** Does something that keeps the event loop. */
  work<T>(step: () => T): T {
    const beganMs = this.#clock.monotonicMs();
    try {
      return step();
    } finally {
      this.#workedMs += this.#clock.monotonicMs() - beganMs;
    }
  }

  /** Waits for something that keeps the disk. */
  async wait<T>(step: () => Promise<T>): Promise<T> {
    const beganMs = this.#clock.monotonicMs();
    try {
      return await step();
    } finally {
      this.#workedMs += this.#clock.monotonicMs() - beganMs;
    }
  }

  /** Lets others have their turn, and rests for as long as what was done since the last rest takes. */
  async rest(): Promise<void> {
    const isRested = this.#workedMs < restMsMin;
    if (this.#share === 1 || isRested || this.#isStopped) return turn();
    const share = this.#share ?? (this.#isBusy() ? busyShare : idleShare);
    const restMs = this.#workedMs * (1 / share - 1);
    this.#workedMs = 0;
    await this.pause(restMs);
  }

  /** Waits for so many milliseconds, or until {@link stop}. */
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

  /** No more rests: whoever works is to end soon. */
  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }
}
