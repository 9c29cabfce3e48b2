// Removal of segments that recovery no longer needs.

import type { Clock } from '../../base/clock.ts';
import { Holds } from './holds.ts';
import type { LiveSegment } from './live-segment.ts';
import type { SegmentFiles } from './segment-files.ts';

/** Releases the files of segments that recovery no longer needs, one after the other. */
export class Retirement {
  /** The holds that keep files for copies of the volume. */
  readonly holds: Holds;
  readonly #files: SegmentFiles;
  readonly #failed: (cause: unknown) => void;
  /** The numbers of segments that recovery no longer needs but that are held. */
  #held: number[] = [];
  /** Settles when all requested files have been released. */
  #work: Promise<void> = Promise.resolve();

  /** @param failed called when a file could not be released; nothing is released afterwards */
  constructor(files: SegmentFiles, clock: Clock, failed: (cause: unknown) => void) {
    this.holds = new Holds(() => this.#removeRetired(), clock);
    this.#files = files;
    this.#failed = failed;
  }

  /** Recovery would begin with this segment: the superseded segments can be removed. */
  retire(segment: LiveSegment): void {
    for (const { number } of segment.superseded.splice(0)) this.#held.push(number);
    this.#removeRetired();
  }

  /** Releases the segments that are not held. */
  #removeRetired(): void {
    const free = this.#held.filter((number) => !this.holds.keeps(number));
    if (free.length === 0) return;
    this.#held = this.#held.filter((number) => this.holds.keeps(number));
    this.#then(async () => {
      for (const number of free) await this.#files.retire(number);
    });
  }

  /** Removes the files that are kept for reuse. */
  removeSpares(): void {
    this.#then(() => this.#files.removeSpares());
  }

  #then(step: () => Promise<void>): void {
    this.#work = this.#work.then(step).catch(this.#failed);
  }

  /** Resolves once all requests are done. */
  idle(): Promise<void> {
    return this.#work;
  }
}
