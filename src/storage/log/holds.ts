// Holds on the files of segments, for frozen positions.

import type { Clock, Timer } from '../../base/clock.ts';
import { StorageError } from '../errors.ts';

/** Maximum number of frozen positions of a volume. */
export const holdCountMax = 4;
/**
 * Maximum duration of a frozen position in milliseconds: enough to copy a terabyte from a slow
 * disk.
 */
export const holdMsMax: number = 6 * 60 * 60 * 1000;

/** Keeps the files of segments until it is released or expires. */
export class Hold {
  readonly segments: ReadonlySet<number>;
  #endedBecause: string | undefined = undefined;

  /** @param segments segment numbers, including those of compacted segments */
  constructor(segments: Iterable<number>) {
    this.segments = new Set(segments);
  }

  /** Ends the hold: the files may be removed or overwritten. Only the first reason is kept. */
  end(because: string): void {
    this.#endedBecause ??= because;
  }

  /** Whether it has not ended. */
  get isHeld(): boolean {
    return this.#endedBecause === undefined;
  }

  /**
   * Verifies that the hold has not ended.
   *
   * @throws {StorageError} `freeze-ended`
   */
  require(): void {
    if (this.#endedBecause === undefined) return;
    throw new StorageError('freeze-ended', `the frozen position ended: ${this.#endedBecause}`);
  }
}

/** The holds on the files of a log. Their number and duration are limited. */
export class Holds {
  readonly #released: () => void;
  readonly #clock: Clock;
  readonly #timers = new Map<Hold, Timer>();

  /** @param released called after a hold has ended, so that files can be released */
  constructor(released: () => void, clock: Clock) {
    this.#released = released;
    this.#clock = clock;
  }

  /**
   * Adds a hold on segments.
   *
   * @param timeMsMax time until the hold expires, in milliseconds; at most {@link holdMsMax}
   * @throws {StorageError} `freeze-refused` if there are {@link holdCountMax} holds
   */
  add(segments: Iterable<number>, timeMsMax: number): Hold {
    if (this.#timers.size >= holdCountMax) {
      const found = `the volume has ${this.#timers.size} frozen positions`;
      throw new StorageError('freeze-refused', `${found}; ${holdCountMax} are allowed`);
    }
    const hold = new Hold(segments);
    const ms = Math.min(timeMsMax, holdMsMax);
    const expire = () => this.end(hold, `it lasted for ${ms} ms, which is its limit`);
    this.#timers.set(hold, this.#clock.setTimeout(expire, ms).unref());
    return hold;
  }

  /** Whether the file of a segment is held. */
  keeps(segment: number): boolean {
    for (const { segments } of this.#timers.keys()) if (segments.has(segment)) return true;
    return false;
  }

  /** Ends a hold. Has no effect if it has ended. */
  end(hold: Hold, because: string): void {
    hold.end(because);
    this.#timers.get(hold)?.clear();
    if (this.#timers.delete(hold)) this.#released();
  }

  /** Ends all holds. */
  endAll(because: string): void {
    for (const hold of [...this.#timers.keys()]) this.end(hold, because);
  }
}
