// A clock that tests advance.

import type { Clock, Timer } from '../../src/base/clock.ts';

interface PendingTimer {
  atMs: number;
  readonly callback: () => void;
  /** Undefined for a timer that runs once. */
  readonly everyMs: number | undefined;
}

/** A clock that a test advances. Its timers run while it advances. */
export class ManualClock implements Clock {
  #nowMs: number;
  #monotonicMs: number;
  readonly #timers = new Set<PendingTimer>();

  /** @param nowMs wall time to begin with; 2026-11-23T20:04:00Z where left out */
  constructor(nowMs = Date.UTC(2026, 10, 23, 20, 4), monotonicMs = 0) {
    this.#nowMs = nowMs;
    this.#monotonicMs = monotonicMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimeout(callback: () => void, ms: number): Timer {
    return this.#start({ atMs: this.#monotonicMs + ms, callback, everyMs: undefined });
  }

  setInterval(callback: () => void, ms: number): Timer {
    return this.#start({ atMs: this.#monotonicMs + ms, callback, everyMs: Math.max(1, ms) });
  }

  /** Timers that have not run yet or will run again. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Moves both times on, and runs each timer at its time, in order. */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (;;) {
      const due = this.#nextUntil(endMs);
      if (due === undefined) break;
      this.#move(Math.max(0, due.atMs - this.#monotonicMs));
      if (due.everyMs === undefined) this.#timers.delete(due);
      else due.atMs += due.everyMs;
      due.callback();
    }
    this.#move(endMs - this.#monotonicMs);
  }

  /** Forgets every timer: those of a process that is no more. */
  clearTimers(): void {
    this.#timers.clear();
  }

  #start(pending: PendingTimer): Timer {
    this.#timers.add(pending);
    const timer: Timer = {
      clear: () => void this.#timers.delete(pending),
      unref: () => timer,
    };
    return timer;
  }

  #nextUntil(endMs: number): PendingTimer | undefined {
    let next: PendingTimer | undefined;
    for (const each of this.#timers) {
      if (each.atMs <= endMs && (next === undefined || each.atMs < next.atMs)) next = each;
    }
    return next;
  }

  #move(ms: number): void {
    this.#nowMs += ms;
    this.#monotonicMs += ms;
  }
}
