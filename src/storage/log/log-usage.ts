// The storage and memory that a log uses.

import type { LogUsage } from '../record-log.ts';
import type { LiveSegment } from './live-segment.ts';

/** Measures a log when it is asked. */
export class MeasuredUsage implements LogUsage {
  readonly #segments: ReadonlyMap<number, Pick<LiveSegment, 'sizeBytes'>>;
  readonly #table: { readonly transientBytes: number };

  /**
   * @param segments those that exist
   * @param table the blocks in memory
   */
  constructor(
    segments: ReadonlyMap<number, Pick<LiveSegment, 'sizeBytes'>>,
    table: { readonly transientBytes: number },
  ) {
    this.#segments = segments;
    this.#table = table;
  }

  get storedBytes(): number {
    let bytes = 0;
    for (const { sizeBytes } of this.#segments.values()) bytes += sizeBytes;
    return bytes;
  }

  get transientBytes(): number {
    return this.#table.transientBytes;
  }
}
