/**
 * A state folded from records. The same `apply` runs when a change is made and when it is read back
 * at the next start, so the state after a restart is the state before it.
 */
export interface Journal<Change extends object = object> {
  /** Names this journal's records in the log; never reused for another meaning. */
  readonly name: string;
  /**
   * Folds one change in. Synchronous; must not throw on a change it once accepted, also where the state
   * is one of later: a change may say what is so already, or be about what is gone by then. Applied to
   * such a state, all changes since an earlier moment must give the state after the last of them.
   */
  apply(change: Change): void;
  /**
   * Changes that, applied in order to an empty journal, give the present state. Others may be applied
   * between any two of them; what is yielded must then be true of the state at that time.
   */
  snapshot(): Iterable<Change>;
}

/** One entry of an atomic batch: a change to a journal, or a record in a timeline. */
export type Entry =
  | { readonly journal: string; readonly change: object }
  | { readonly timeline: string; readonly atMs: number; readonly bytes: Buffer };
