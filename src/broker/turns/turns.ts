// The work of each turn of the event loop.

import type { Clock } from '../../base/clock.ts';
import type { Deliverer } from '../subscription.ts';
import { Background } from './background.ts';
import { type Timed, Timers } from './timers.ts';

/** The interface to the broker. */
export interface TurnsHost {
  readonly clock: Clock;
  /** The clock that limits background work, milliseconds. */
  readonly turnMs: () => number;
  /** See {@link Limits}. */
  readonly workUnitsMax: number;
  /** See {@link BrokerOptions}. */
  readonly wakeAt: ((atMs: number) => void) | undefined;
  /** Whether the log is so far behind that workers must wait. */
  isBehind(): boolean;
  /** All possible work was done: its changes must be written. */
  pumped(): void;
  /** Called with the error of a background job. */
  jobFailed(error: unknown): void;
}

/** An object with work at a time. */
export interface Ticking extends Timed {
  /** The time has come; milliseconds since 1970. */
  tick(nowMs: number): void;
}

/** Performs the work of each turn of the event loop: deliveries, background work, and timers. */
export class Turns {
  /** Work in slices. */
  readonly background: Background;
  /** The number of dispatch rounds so far. Blocks in memory do not move during a round. */
  pumpCount = 0;
  readonly #host: TurnsHost;
  readonly #timers = new Timers<Ticking>();
  #dirty: Deliverer[] = [];
  #nowMs = 0;

  constructor(host: TurnsHost) {
    this.#host = host;
    this.background = new Background(host.workUnitsMax, {
      monotonicMs: host.turnMs,
      isBehind: () => host.isBehind(),
      again: () => this.pump(),
      failed: (error) => host.jobFailed(error),
    });
  }

  /** Milliseconds since 1970, read once per turn. */
  nowMs(): number {
    if (this.#nowMs === 0) this.#nowMs = this.#host.clock.nowMs();
    return this.#nowMs;
  }

  /** Makes the clock be read again. */
  forgetTime(): void {
    this.#nowMs = 0;
  }

  /** A queue or a credit pool may have something to deliver. */
  markDirty(deliverer: Deliverer): void {
    if (deliverer.isDirty) return;
    deliverer.isDirty = true;
    this.#dirty.push(deliverer);
  }

  /** Delivers messages, and performs background work as far as this turn permits. */
  pump(): void {
    this.pumpCount++;
    do {
      while (this.#dirty.length > 0) {
        const dirty = this.#dirty;
        this.#dirty = [];
        for (const deliverer of dirty) {
          deliverer.isDirty = false;
          deliverer.deliver();
        }
      }
      this.background.work();
    } while (this.#dirty.length > 0);
    this.#host.pumped();
    this.#nowMs = 0;
  }

  /** Schedules an object at a time, or earlier. */
  schedule(ticking: Ticking, atMs: number): void {
    if (ticking.timerMs <= atMs) return;
    const { firstMs } = this.#timers;
    this.#timers.add(ticking, atMs);
    if (atMs < firstMs) this.#host.wakeAt?.(atMs);
  }

  /** Cancels the timer of an object. */
  forget(ticking: Ticking): void {
    this.#timers.remove(ticking);
  }

  /** Performs due work as far as this turn permits. The rest follows in later turns. */
  doDue(): void {
    this.#nowMs = 0;
    const nowMs = this.nowMs();
    while (this.background.left > 0) {
      const ticking = this.#timers.takeDue(nowMs);
      if (ticking === undefined) break;
      this.background.spend(1);
      ticking.tick(nowMs);
    }
    this.pump();
    if (this.#timers.firstMs !== Infinity) this.#host.wakeAt?.(this.#timers.firstMs);
  }
}
