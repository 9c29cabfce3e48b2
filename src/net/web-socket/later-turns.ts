// Work of WebSocket connections that takes several turns of the event loop.

import { systemClock } from '../../base/clock.ts';

/** Milliseconds of a turn that all connections together get. */
const turnMsMax = 3;

/** Continues the work of all connections, in order, for a limited time in each turn. */
export class LaterTurns {
  readonly #monotonicMs: () => number;
  #due: (() => void)[] = [];
  readonly #run = (): void => this.#runSome();

  /** @param monotonicMs the clock that limits a turn, milliseconds */
  constructor(monotonicMs: () => number = () => systemClock.monotonicMs()) {
    this.#monotonicMs = monotonicMs;
  }

  /** Does something in a later turn. It may add more. */
  add(next: () => void): void {
    if (this.#due.push(next) === 1) setImmediate(this.#run);
  }

  #runSome(): void {
    const untilMs = this.#monotonicMs() + turnMsMax;
    const due = this.#due;
    let at = 0;
    // What is added meanwhile is at the end of the same list.
    do due[at++]?.();
    while (at < due.length && this.#monotonicMs() < untilMs);
    this.#due = due.slice(at);
    if (this.#due.length > 0) setImmediate(this.#run);
  }
}
