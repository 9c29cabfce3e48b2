// A limit of the memory or storage that messages take.

import { BrokerError } from '../../errors.ts';
import type { Ticking, Turns } from '../../turns/turns.ts';

/** Milliseconds between two measurements while a limit is reached. */
const measureMs = 5;

/** Waits until there is room again. */
export interface UsageWaiter {
  /** There is room, or messages are refused from now on. May send messages at once. */
  freed(): void;
}

/** The settings of a limit. */
export interface UsageOptions {
  /** What is limited, for advisories: `memory`, `store` or `temp`. */
  readonly name: 'memory' | 'store' | 'temp';
  /** Bytes. The limit is reached when this many are used. */
  readonly bytesMax: number;
  /** Returns the bytes in use. */
  measure(): number;
  /** Milliseconds after which messages are refused; 0 refuses them at once. Undefined for never. */
  readonly refusesAfterMs: number | undefined;
  /** The beginning of the error of a refused message. */
  readonly text: string;
  /** The limit is reached, or there is room again. */
  changed(usage: Usage): void;
}

/**
 * A limit that has been reached. Producers wait in the order in which they came, and go on one after
 * the other as long as there is room, so that a crowd of them cannot exceed the limit far.
 */
export class Usage implements Ticking {
  timerMs = Infinity;
  timerAt = -1;
  readonly options: UsageOptions;
  isFull = false;
  /** Whether messages are refused, instead of producers that wait. */
  isRefusing = false;
  readonly #turns: Turns;
  readonly #waiters = new Set<UsageWaiter>();
  #refusesAtMs = Infinity;
  #isWaking = false;

  constructor(turns: Turns, options: UsageOptions) {
    this.#turns = turns;
    this.options = options;
  }

  /** Measures, and returns whether the limit is reached. */
  update(): boolean {
    const { bytesMax, refusesAfterMs } = this.options;
    const isFull = this.options.measure() >= bytesMax;
    if (isFull === this.isFull) return isFull;
    this.isFull = isFull;
    this.isRefusing = isFull && refusesAfterMs === 0;
    this.#refusesAtMs = isFull ? this.#turns.nowMs() + (refusesAfterMs ?? Infinity) : Infinity;
    this.options.changed(this);
    if (isFull) this.#measureLater();
    else this.#wake();
    return isFull;
  }

  #measureLater(): void {
    this.#turns.schedule(this, this.#turns.nowMs() + measureMs);
  }

  tick(nowMs: number): void {
    if (!this.update()) {
      // Producers that came while others went on.
      if (this.#waiters.size > 0) this.#wake();
      return;
    }
    if (!this.isRefusing && nowMs >= this.#refusesAtMs) {
      this.isRefusing = true;
      this.options.changed(this);
    }
    if (this.isRefusing) this.#wake();
    this.#measureLater();
  }

  /** Adds a producer that waits. It is told once. */
  add(waiter: UsageWaiter): void {
    this.#waiters.add(waiter);
    this.#measureLater();
  }

  /** A producer waits no longer. */
  delete(waiter: UsageWaiter): void {
    this.#waiters.delete(waiter);
  }

  #wake(): void {
    if (this.#isWaking || this.#waiters.size === 0) return;
    this.#isWaking = true;
    this.#turns.background.run(this.#wakeInTurn(), () => {
      this.#isWaking = false;
    });
  }

  *#wakeInTurn(): Generator<void> {
    for (const waiter of this.#waiters) {
      if (!this.isRefusing && this.update()) return;
      this.#waiters.delete(waiter);
      waiter.freed();
      yield;
    }
  }

  /**
   * Refuses a message.
   *
   * @param destination for example `queue://A`
   * @throws {BrokerError} `resource-error`
   */
  refuse(destination: string): never {
    const why = `Stopping producer to prevent flooding ${destination}`;
    throw new BrokerError('resource-error', `${this.options.text}. ${why}.`);
  }
}
