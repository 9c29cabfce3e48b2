import { StorageError } from '../errors.ts';

/** Frozen positions that a volume can have at the same time. */
export const holdCountMax = 4;
/** Milliseconds that a frozen position lasts at most: enough to copy a terabyte from a slow disk. */
export const holdMsMax: number = 6 * 60 * 60 * 1000;

/** Keeps the files of some segments until it is released or broken. */
export class Hold {
  readonly segments: ReadonlySet<number>;
  #endedBecause: string | undefined = undefined;

  /** @param segments numbers of the segments, compacted ones among them */
  constructor(segments: Iterable<number>) {
    this.segments = new Set(segments);
  }

  /** From now on the files may be removed, or written anew. Only the first reason is kept. */
  end(because: string): void {
    this.#endedBecause ??= because;
  }

  /**
   * Proves that the files are still what they were.
   *
   * @throws {StorageError} `freeze-ended`
   */
  require(): void {
    if (this.#endedBecause === undefined) return;
    throw new StorageError('freeze-ended', `the frozen position ended: ${this.#endedBecause}`);
  }
}

/** The holds on the files of one log. All of them are bounded in number and time. */
export class Holds {
  readonly #released: () => void;
  readonly #timers = new Map<Hold, NodeJS.Timeout>();

  /** @param released called when a hold has ended, so that files may be given back */
  constructor(released: () => void) {
    this.#released = released;
  }

  /**
   * Keeps segments.
   *
   * @param timeMsMax milliseconds until the hold is broken; {@link holdMsMax} where it is more
   * @throws {StorageError} `freeze-refused` where there are {@link holdCountMax} holds
   */
  add(segments: Iterable<number>, timeMsMax: number): Hold {
    if (this.#timers.size >= holdCountMax) {
      const found = `the volume has ${this.#timers.size} frozen positions`;
      throw new StorageError('freeze-refused', `${found}; ${holdCountMax} are allowed`);
    }
    const hold = new Hold(segments);
    const ms = Math.min(timeMsMax, holdMsMax);
    const expire = () => this.end(hold, `it lasted for ${ms} ms, which is its limit`);
    this.#timers.set(hold, setTimeout(expire, ms).unref());
    return hold;
  }

  /** Whether the file of a segment is kept. */
  keeps(segment: number): boolean {
    for (const { segments } of this.#timers.keys()) if (segments.has(segment)) return true;
    return false;
  }

  /** Ends a hold; does nothing where it has ended. */
  end(hold: Hold, because: string): void {
    hold.end(because);
    clearTimeout(this.#timers.get(hold));
    if (this.#timers.delete(hold)) this.#released();
  }

  /** Ends all holds. */
  endAll(because: string): void {
    for (const hold of [...this.#timers.keys()]) this.end(hold, because);
  }
}
