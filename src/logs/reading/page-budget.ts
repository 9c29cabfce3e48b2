// The limits of a page of log lines, and of the work for it.

import type { Clock } from '../../base/clock.ts';

/** Limits of one page. */
export const pageLimits = {
  /** Maximum number of lines. */
  countMax: 10_000,
  /** Maximum size of the texts, with {@link lineOverheadBytes} for each line, bytes. */
  bytesMax: 1024 * 1024,
  /** Maximum number of lines that are examined for one page, whether or not they match. */
  examinedMax: 50_000,
  /** Maximum time for one page, milliseconds. */
  timeMsMax: 2000,
} as const;

/** The size that each line adds to a page besides its text, as in CloudWatch Logs. */
const lineOverheadBytes = 26;
/** The time of one turn of the event loop, milliseconds. */
const turnMsMax = 10;

/** Counts what a page contains and costs. */
export class PageBudget {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #limit: number;
  readonly #beganMs: number;
  #turnMs: number;
  #count = 0;
  #bytes = 0;
  #examinedCount = 0;

  /** @param limit maximum number of lines, at most {@link pageLimits.countMax} */
  constructor(clock: Pick<Clock, 'monotonicMs'>, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
    this.#beganMs = clock.monotonicMs();
    this.#turnMs = this.#beganMs;
  }

  /** Whether the page has room for a line. A page always has room for the first one. */
  hasRoomFor(text: string): boolean {
    if (this.#count >= this.#limit) return false;
    const bytes = Buffer.byteLength(text) + lineOverheadBytes;
    return this.#count === 0 || this.#bytes + bytes <= pageLimits.bytesMax;
  }

  /** A line was added to the page. */
  add(text: string): void {
    this.#count++;
    this.#bytes += Buffer.byteLength(text) + lineOverheadBytes;
  }

  /**
   * Called before a line is examined. Other work has its turn if this one is long.
   *
   * @returns false if the page must end before this line
   */
  async examine(): Promise<boolean> {
    if (this.#count >= this.#limit) return false;
    if (++this.#examinedCount > pageLimits.examinedMax) return false;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#beganMs > pageLimits.timeMsMax) return false;
    if (nowMs - this.#turnMs > turnMsMax) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#turnMs = this.#clock.monotonicMs();
    }
    return true;
  }
}
