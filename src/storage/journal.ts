// Journals: states that are built from changes.

/**
 * A state that is built from changes. The same `apply` runs when a change is made and when it is
 * replayed at the next start, so the state after a restart is the same.
 */
export interface Journal<Change extends object = object> {
  /** The name of the journal in records; never reused for another purpose. */
  readonly name: string;
  /**
   * Applies a change. Synchronous; must not throw on a change that was accepted before, even if the
   * state is already later: changes may be repeated, or concern objects that no longer exist.
   * Applying all changes since an earlier moment must lead to the same state.
   */
  apply(change: Change): void;
  /**
   * The changes that recreate the current state from an empty journal. Other changes may be applied
   * between two of them; each one must be true for the state at that time.
   */
  snapshot(): Iterable<Change>;
}

/** An entry of an atomic batch: a change of a journal, or a record of a timeline. */
export type Entry =
  | { readonly journal: string; readonly change: object }
  | { readonly timeline: string; readonly atMs: number; readonly bytes: Buffer };
