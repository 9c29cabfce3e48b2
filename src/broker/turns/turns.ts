import type { Clock } from '../../base/clock.ts';
import type { Deliverer } from '../subscription.ts';
import { Background } from './background.ts';
import { type Timed, Timers } from './timers.ts';

/** What turns ask of their broker. */
export interface TurnsHost {
  readonly clock: Clock;
  /** Milliseconds of a clock by which a turn's background work is limited. */
  readonly turnMs: () => number;
  /** See {@link Limits}. */
  readonly workUnitsMax: number;
  /** See {@link BrokerOptions}. */
  readonly wakeAt: ((atMs: number) => void) | undefined;
  /** Whether the log is so far behind that no more work may be done. */
  isBehind(): boolean;
  /** Everything that can be done now is done: what it changed is to be written. */
  pumped(): void;
  /** Told of what a job in the background threw. */
  jobFailed(error: unknown): void;
}

/** What has something to do at a time. */
export interface Ticking extends Timed {
  /** The time has come; wall milliseconds. */
  tick(nowMs: number): void;
}

/** What a broker does in each turn of the event loop: deliveries, work in slices, what is due. */
export class Turns {
  /** Work that is done in slices. */
  readonly background: Background;
  /** Rounds of deliveries so far: what is in memory stays where it is during one. */
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

  /** Wall milliseconds, read once a turn. */
  nowMs(): number {
    if (this.#nowMs === 0) this.#nowMs = this.#host.clock.nowMs();
    return this.#nowMs;
  }

  /** Has the clock read anew. */
  forgetTime(): void {
    this.#nowMs = 0;
  }

  /** A queue, or who serves several, may have something to deliver. */
  markDirty(deliverer: Deliverer): void {
    if (deliverer.isDirty) return;
    deliverer.isDirty = true;
    this.#dirty.push(deliverer);
  }

  /** Delivers what can be, and does what this turn may of all other work. */
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

  /** Something is due at this time at the latest. */
  schedule(ticking: Ticking, atMs: number): void {
    if (ticking.timerMs <= atMs) return;
    const { firstMs } = this.#timers;
    this.#timers.add(ticking, atMs);
    if (atMs < firstMs) this.#host.wakeAt?.(atMs);
  }

  /** It is gone. */
  forget(ticking: Ticking): void {
    this.#timers.remove(ticking);
  }

  /** Does what is due: as much of it as this turn may, and the rest in those after. */
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
