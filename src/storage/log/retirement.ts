import { Holds } from './holds.ts';
import type { LiveSegment } from './live-segment.ts';
import type { SegmentFiles } from './segment-files.ts';

/** Gives the files of segments back that recovery no longer needs, one after the other. */
export class Retirement {
  /** What keeps files for copies of the volume. */
  readonly holds: Holds = new Holds(() => this.#giveBack());
  readonly #files: SegmentFiles;
  readonly #failed: (cause: unknown) => void;
  /** Numbers of the segments that recovery no longer needs and a hold keeps. */
  #held: number[] = [];
  /** Settles when everything that was to be given back has been. */
  #work: Promise<void> = Promise.resolve();

  /** @param failed told why a file could not be given back; nothing is given back after that */
  constructor(files: SegmentFiles, failed: (cause: unknown) => void) {
    this.#files = files;
    this.#failed = failed;
  }

  /** Recovery would begin with this segment now: the segments that it supersedes may go. */
  retire(segment: LiveSegment): void {
    for (const { number } of segment.superseded.splice(0)) this.#held.push(number);
    this.#giveBack();
  }

  /** Gives back what no hold keeps. */
  #giveBack(): void {
    const free = this.#held.filter((number) => !this.holds.keeps(number));
    if (free.length === 0) return;
    this.#held = this.#held.filter((number) => this.holds.keeps(number));
    this.#then(async () => {
      for (const number of free) await this.#files.retire(number);
    });
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
