/** As long as everything else in the process may wait for one small write, in milliseconds. */
const blockingMsMax = 2;
/** How fast a slow write is forgotten: its part of the next estimate. */
const fade = 0.8;
/** A write that takes so many milliseconds has met a disk that stalls. */
const stallMs = 100;
/**
 * For so many milliseconds after a stall that held up the process no write may hold it up, and after each
 * further one for twice as long.
 */
const distrustMsMin = 10 * 60 * 1000;
const distrustMsMax = 24 * 60 * 60 * 1000;

/**
 * Decides whether a small write may hold up the process until it is synced: where the disk has been so
 * quick of late that this takes less time than waiting for a thread of the pool.
 *
 * Nothing can end such a write early, so a disk that stalls in it stalls the process, heartbeats
 * included. Therefore one stall is enough to do without such writes for a long time.
 *
 * All times are monotonic milliseconds.
 */
export class BlockingWrites {
  /** How long a small write took that was synced: the slowest of late. */
  #slowestMs = 10 * blockingMsMax;
  /** Calls that wait for the disk, and since when there has been one at any time. */
  #pendingCount = 0;
  #pendingSinceMs = 0;
  /** How long they were not allowed after the last stall that held up the process. */
  #distrustMs = 0;
  #distrustedUntilMs = -Infinity;

  /** Whether a small write may hold up the process now. */
  areAllowed(nowMs: number): boolean {
    if (this.#slowestMs > blockingMsMax || nowMs < this.#distrustedUntilMs) return false;
    // What another call waits for, the write would wait for too.
    return this.#pendingCount === 0 || nowMs - this.#pendingSinceMs <= blockingMsMax;
  }

  /** A thread of the pool begins a write, a sync or the like. */
  began(nowMs: number): void {
    if (this.#pendingCount++ === 0) this.#pendingSinceMs = nowMs;
  }

  /** What {@link began} has ended. */
  ended(): void {
    this.#pendingCount--;
  }

  /**
   * A small write was synced.
   *
   * @param hasBlocked whether it held up the process
   */
  wrote(beganMs: number, nowMs: number, hasBlocked: boolean): void {
    const durationMs = nowMs - beganMs;
    this.#slowestMs = Math.max(durationMs, this.#slowestMs * fade);
    if (durationMs < stallMs) return;
    if (hasBlocked) {
      const ms = Math.max(distrustMsMin, this.#distrustMs * 2);
      this.#distrustMs = Math.min(ms, distrustMsMax);
    } else if (nowMs >= this.#distrustedUntilMs) return;
    // A stall that held up nobody is no reason for a longer time, but the disk stalls still.
    this.#distrustedUntilMs = nowMs + this.#distrustMs;
  }
}
