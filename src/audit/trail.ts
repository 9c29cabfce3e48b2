// The audit trail: a hash chain of events.

import { createHash } from 'node:crypto';
import { assert } from '../base/assert.ts';
import type { Entry, Journal } from '../storage/journal.ts';
import type { EventRecord } from './record.ts';

/** The head of the hash chain: the total number of events and the hash of the newest one. */
export interface ChainHead {
  readonly count: number;
  /** SHA-256 of the newest line, 64 hexadecimal digits; zeros if the trail is empty. */
  readonly hash: string;
}

/** A line of the trail: an event, and its link to the previous line. */
export interface TrailLine {
  /** The number of the event, starting from 1. */
  readonly number: number;
  /** SHA-256 of the previous line, 64 hexadecimal digits; zeros in the first line. */
  readonly previous: string;
  readonly event: EventRecord;
}

/** The timeline that stores the lines of the account's trail. */
export const trailTimeline = 'audit';

/**
 * The timeline of the service's own trail: calls on service-owned keys, which belong to no account
 * of a user.
 */
export const serviceTimeline = 'service-audit';

/**
 * Writes the audit trail, and keeps the head of its hash chain as a journal. The head is changed in
 * the same atomic batch as the line it belongs to. A batch that was not committed therefore leaves
 * no gap in the chain, and a restart need not read the trail.
 */
export class Trail implements Journal<ChainHead> {
  readonly name: string;
  readonly #timeline: string;
  #head: ChainHead = { count: 0, hash: '0'.repeat(64) };

  /** @param timeline the timeline of the lines; the journal's name is derived from it */
  constructor(timeline: string = trailTimeline) {
    this.#timeline = timeline;
    this.name = `${timeline}-chain`;
  }

  /** The current head of the chain. */
  get head(): ChainHead {
    return this.#head;
  }

  /**
   * Returns the entries that add an event to the trail. They must be committed before the next call
   * of this function, or not at all, because the next event is chained to this one only once it is
   * applied.
   */
  chain(event: EventRecord, atMs: number): Entry[] {
    const line: TrailLine = {
      number: this.#head.count + 1,
      previous: this.#head.hash,
      event,
    };
    const bytes = Buffer.from(JSON.stringify(line));
    const change: ChainHead = { count: line.number, hash: lineHash(bytes) };
    return [
      { timeline: this.#timeline, atMs, bytes },
      { journal: this.name, change },
    ];
  }

  apply(change: ChainHead): void {
    // A snapshot may already include this change.
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

/** The hash that links the next line to this one, 64 hexadecimal digits. */
export function lineHash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Parses a line of the trail. */
export function parseLine(bytes: Buffer): TrailLine {
  // The line was written by chain() and has been sealed since.
  return JSON.parse(bytes.toString('utf8')) as TrailLine;
}
