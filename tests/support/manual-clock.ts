import type { Clock } from '../../src/base/clock.ts';

/** A clock that only moves when it is told to. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs = 0;

  /** @param nowMs wall time to begin with; 2026-11-23T20:04:00Z where left out */
  constructor(nowMs = Date.UTC(2026, 10, 23, 20, 4)) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Moves both times on. */
  advance(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }
}
