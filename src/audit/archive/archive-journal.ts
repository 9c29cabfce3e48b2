// The archives of older events, as a journal.

import type { Entry, Journal } from '../../storage/journal.ts';

/** An archive: a sealed file with consecutive events. */
export interface ArchiveRecord {
  /** The numbers of its first and last event. */
  readonly first: number;
  readonly last: number;
  /** The times of its oldest and newest event, milliseconds since 1970. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The hash of the line before its first one, and that of its last line. */
  readonly previous: string;
  readonly hash: string;
  readonly fileBytes: number;
}

/** A change of the archives. */
export type ArchiveChange =
  | { readonly put: ArchiveRecord }
  /** The archives up to the one with this last number are removed. */
  | { readonly dropThrough: number };

/** The archives, oldest first. Their numbers are consecutive. */
export class ArchiveJournal implements Journal<ArchiveChange> {
  readonly name = 'audit-archives';
  /** By the first number, oldest first. */
  #records = new Map<number, ArchiveRecord>();
  /** The last number of the archives that were removed. */
  #dropped = 0;

  apply(change: ArchiveChange): void {
    if ('dropThrough' in change) {
      this.#dropped = Math.max(this.#dropped, change.dropThrough);
      for (const { first, last } of this.all()) {
        if (last <= this.#dropped) this.#records.delete(first);
      }
      return;
    }
    const { put } = change;
    // A change may be repeated after the archive was removed.
    if (put.last > this.#dropped) this.#records.set(put.first, put);
  }

  *snapshot(): Iterable<ArchiveChange> {
    if (this.#dropped > 0) yield { dropThrough: this.#dropped };
    for (const put of this.all()) yield { put };
  }

  /** The archives, oldest first. */
  all(): readonly ArchiveRecord[] {
    return [...this.#records.values()];
  }

  /** Whether an archive exists. */
  has({ first }: Pick<ArchiveRecord, 'first'>): boolean {
    return this.#records.has(first);
  }

  /** The last number that was ever archived; 0 if none was. */
  get last(): number {
    return this.all().at(-1)?.last ?? this.#dropped;
  }

  /** The entry that stores a change. */
  entry(change: ArchiveChange): Entry {
    return { journal: this.name, change };
  }
}
