// The share of the event loop that one user, or one address, may take.

/** The limits of a share. */
export interface ShareLimits {
  /** The part of the event loop's time, from 0 to 1. */
  readonly part: number;
  /** Time that may be taken before the part limits it, milliseconds. */
  readonly burstMs: number;
  /** Maximum number of requests that are answered at the same time. Streams that are being sent do not count. */
  readonly runningCountMax: number;
  /** Maximum number of requests that wait, are answered, or are being sent. */
  readonly placeCountMax: number;
}

/** What one user or one address has taken, and what it has in progress. */
export class Share {
  readonly #limits: ShareLimits;
  runningCount = 0;
  /** Of them, those with large bodies or answers. */
  largeCount = 0;
  placeCount = 0;
  /** When the time that was taken is paid for, monotonic milliseconds. */
  #paidAtMs = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** Whether no other request may wait. */
  get isFull(): boolean {
    return this.placeCount >= this.#limits.placeCountMax;
  }

  /** Whether another request may begin, apart from the time that was taken. */
  get hasRoom(): boolean {
    return this.runningCount < this.#limits.runningCountMax;
  }

  /** Orders shares by what they took: less is first. */
  get takenMs(): number {
    return this.#paidAtMs;
  }

  /** Counts time of the event loop. */
  charge(ms: number, nowMs: number): void {
    this.#paidAtMs = Math.max(this.#paidAtMs, nowMs) + ms / this.#limits.part;
  }

  /** Milliseconds until more may be taken; 0 for now. */
  waitMs(nowMs: number): number {
    const { burstMs, part } = this.#limits;
    return Math.max(0, this.#paidAtMs - burstMs / part - nowMs);
  }

  /** Whether nothing is left to remember. */
  isIdle(nowMs: number): boolean {
    return this.placeCount === 0 && this.#paidAtMs <= nowMs;
  }
}
