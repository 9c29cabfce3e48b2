import { createHash } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Entry, Journal } from '../storage/journal.ts';
import type { EventRecord } from './record.ts';

/** Where the chain stands: how many events the trail ever took, and the newest one's hash. */
export interface ChainHead {
  readonly count: number;
  /** SHA-256 of the newest event's line, 64 hex digits; zeros where there is none. */
  readonly hash: string;
}

/** One line of the trail: an event, and what chains it to the one before. */
export interface TrailLine {
  /** 1 for the first event of the trail. */
  readonly number: number;
  /** SHA-256 of the line before, 64 hex digits; zeros in the first. */
  readonly previous: string;
  readonly event: EventRecord;
}

/** The timeline that holds the trail's lines. */
export const trailTimeline = 'audit';

/**
 * The audit trail's writing end, and the journal of where its hash chain stands.
 *
 * The head is folded like any journal, in the same atomic batch as the line it follows from: so a
 * batch that was not committed leaves no gap in the chain, and a restart need not read the trail.
 */
export class Trail implements Journal<ChainHead> {
  readonly name = 'audit-chain';
  #head: ChainHead = { count: 0, hash: '0'.repeat(64) };

  /** Where the chain stands now. */
  get head(): ChainHead {
    return this.#head;
  }

  /**
   * What must be committed for an event to be in the trail. To be committed before any other call
   * of this function, or not at all: the next event is chained to this one only once it is applied.
   */
  entries(event: EventRecord, atMs: number): Entry[] {
    const line: TrailLine = {
      number: this.#head.count + 1,
      previous: this.#head.hash,
      event,
    };
    const bytes = Buffer.from(JSON.stringify(line));
    const change: ChainHead = { count: line.number, hash: lineHash(bytes) };
    return [
      { timeline: trailTimeline, atMs, bytes },
      { journal: this.name, change },
    ];
  }

  apply(change: ChainHead): void {
    // The state may have been written after this change was made.
    if (change.count <= this.#head.count) return;
    assert(
      change.count === this.#head.count + 1 || this.#head.count === 0,
      `event ${change.count} follows event ${this.#head.count}`,
    );
    this.#head = change;
  }

  *snapshot(): Iterable<ChainHead> {
    if (this.#head.count > 0) yield this.#head;
  }
}

/** The hash by which the next line is chained to this one, 64 hex digits. */
export function lineHash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads a line of the trail back. */
export function parseLine(bytes: Buffer): TrailLine {
  // Written by entries() above and sealed since: what opens is what was written.
  return JSON.parse(bytes.toString('utf8')) as TrailLine;
}
