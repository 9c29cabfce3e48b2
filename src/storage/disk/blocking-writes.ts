// Decides whether small writes may block the process.

/** Maximum duration of a write that blocks the process, in milliseconds. */
const blockingMsMax = 2;
/** Decay of the estimate with each faster write. */
const fade = 0.8;
/** A write of at least this duration is a stall, in milliseconds. */
const stallMs = 100;
/**
 * The time without blocking writes after a stall of the process, in milliseconds. It doubles with
 * each further stall.
 */
const distrustMsMin = 10 * 60 * 1000;
const distrustMsMax = 24 * 60 * 60 * 1000;

/**
 * Decides whether a small synced write may block the process. It may if the disk has recently been
 * so fast that this takes less time than a round trip to the thread pool.
 *
 * A blocking write cannot be cancelled: if the disk stalls during it, the process stalls, including
 * heartbeats. Therefore, one stall disables blocking writes for a long time.
 *
 * All times are monotonic milliseconds.
 */
export class BlockingWrites {
  /** The decaying maximum of the durations of small synced writes. */
  #slowestMs = 10 * blockingMsMax;
  /** The number of pending operations, and the time since which there has been at least one. */
  #pendingCount = 0;
  #pendingSinceMs = 0;
  /** The last time without blocking writes. */
  #distrustMs = 0;
  #distrustedUntilMs = -Infinity;

  /** Whether a small write may block the process now. */
  areAllowed(nowMs: number): boolean {
    if (this.#slowestMs > blockingMsMax || nowMs < this.#distrustedUntilMs) return false;
    // A write would wait for the same disk as the pending operations.
    return this.#pendingCount === 0 || nowMs - this.#pendingSinceMs <= blockingMsMax;
  }

  /** A thread of the pool starts an operation on the disk. */
  began(nowMs: number): void {
    if (this.#pendingCount++ === 0) this.#pendingSinceMs = nowMs;
  }

  /** An operation has ended; see {@link began}. */
  ended(): void {
    this.#pendingCount--;
  }

  /**
   * Records a small synced write.
   *
   * @param hasBlocked whether it blocked the process
   */
  wrote(beganMs: number, nowMs: number, hasBlocked: boolean): void {
    const durationMs = nowMs - beganMs;
    this.#slowestMs = Math.max(durationMs, this.#slowestMs * fade);
    if (durationMs < stallMs) return;
    if (hasBlocked) {
      const ms = Math.max(distrustMsMin, this.#distrustMs * 2);
      this.#distrustMs = Math.min(ms, distrustMsMax);
    } else if (nowMs >= this.#distrustedUntilMs) return;
    // A stall that did not block the process does not lengthen the time, but restarts it.
    this.#distrustedUntilMs = nowMs + this.#distrustMs;
  }
}
