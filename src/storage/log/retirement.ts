import { StorageError } from '../errors.ts';
import type { LiveSegment } from './live-segment.ts';
import type { SegmentFiles } from './segment-files.ts';

/** How long files that are not needed any more are kept for a copy of the volume, and how much of them. */
export interface FreezeLimits {
  /** Milliseconds. */
  readonly timeMsMax: number;
  /** Bytes of files that would have been given back. */
  readonly keptBytesMax: number;
}

/** Keeps the segments up to one, until it is let go or a limit is reached. */
export class Hold {
  readonly segmentMax: number;
  readonly limits: FreezeLimits;
  /** Bytes of files that are kept for it. */
  keptBytes = 0;
  /** Why files may be gone that it kept; undefined while none is. */
  broken: string | undefined = undefined;
  timer: NodeJS.Timeout | undefined = undefined;

  constructor(segmentMax: number, limits: FreezeLimits) {
    this.segmentMax = segmentMax;
    this.limits = limits;
  }
}

/** Gives the files of segments back that recovery no longer needs, one after the other. */
export class Retirement {
  readonly #files: SegmentFiles;
  readonly #failed: (cause: unknown) => void;
  readonly #holds = new Set<Hold>();
  /** Segments that are kept for a hold alone. */
  #kept: LiveSegment[] = [];
  /** Settles when everything that was to be given back has been. */
  #work: Promise<void> = Promise.resolve();

  /** @param failed told why a file could not be given back; nothing is given back after that */
  constructor(files: SegmentFiles, failed: (cause: unknown) => void) {
    this.#files = files;
    this.#failed = failed;
  }

  /** Recovery would begin with this segment now: the segments that it supersedes may go. */
  retire(segment: LiveSegment): void {
    this.#kept.push(...segment.superseded.splice(0));
    for (const hold of this.#holds) {
      hold.keptBytes = 0;
      for (const { number, lastOffset } of this.#kept) {
        if (number <= hold.segmentMax) hold.keptBytes += lastOffset;
      }
      const { keptBytes, limits } = hold;
      if (keptBytes <= limits.keptBytesMax) continue;
      this.#break(hold, `it kept ${keptBytes} bytes; ${limits.keptBytesMax} are allowed`);
    }
    this.#giveBack();
  }

  /** Gives back what no hold keeps. */
  #giveBack(): void {
    const segmentMax = Math.max(0, ...[...this.#holds].map((hold) => hold.segmentMax));
    const free = this.#kept.filter(({ number }) => number > segmentMax);
    this.#kept = this.#kept.filter(({ number }) => number <= segmentMax);
    if (free.length === 0) return;
    this.#then(async () => {
      for (const { number } of free) await this.#files.retire(number);
    });
  }

  /** Keeps every segment up to the given one that is there now. */
  hold(segmentMax: number, limits: FreezeLimits): Hold {
    const hold = new Hold(segmentMax, limits);
    hold.timer = setTimeout(() => {
      this.#break(hold, `it lasted for more than ${limits.timeMsMax} ms`);
      this.#giveBack();
    }, limits.timeMsMax).unref();
    this.#holds.add(hold);
    return hold;
  }

  /**
   * Ends a hold.
   *
   * @throws {StorageError} `freeze-ended` where it had ended before
   */
  letGo(hold: Hold): void {
    this.#end(hold);
    this.#giveBack();
    if (hold.broken === undefined) return;
    const what = `a frozen position was given up: ${hold.broken}`;
    throw new StorageError('freeze-ended', what);
  }

  #end(hold: Hold): void {
    clearTimeout(hold.timer);
    this.#holds.delete(hold);
  }

  #break(hold: Hold, why: string): void {
    hold.broken ??= why;
    this.#end(hold);
  }

  /** Gives up every hold: what is kept may go. */
  breakHolds(why: string): void {
    for (const hold of this.#holds) this.#break(hold, why);
    this.#giveBack();
  }

  /** Removes the files that are kept to be written anew. */
  removeSpares(): void {
    this.#then(() => this.#files.removeSpares());
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch(this.#failed);
  }

  /** Resolves once everything asked for so far is done. */
  idle(): Promise<void> {
    return this.#work;
  }
}
