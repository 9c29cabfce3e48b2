// A limit on the rate of calls.

import { AwsError } from '../../aws/errors.ts';

/** Permits a number of calls per second, and as many at once. */
export class Throttle {
  readonly #perSecond: number;
  /** The calls that are permitted now. */
  #left: number;
  #atMs = 0;

  /** @param perSecond 0 for no limit */
  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /**
   * Counts a call.
   *
   * @throws {AwsError} `ThrottlingException`
   */
  pass(nowMs: number): void {
    if (this.#perSecond === 0) return;
    const gained = (Math.max(0, nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#perSecond, this.#left + gained);
    this.#atMs = nowMs;
    if (this.#left < 1) throw new AwsError('ThrottlingException', 'Rate exceeded');
    this.#left -= 1;
  }
}
