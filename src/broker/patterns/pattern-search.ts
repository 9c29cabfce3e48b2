// The interface of a search in a pattern tree.

/** Receives the results of a search, and decides when it pauses. */
export interface PatternSearch<T> {
  /**
   * Counts compared words.
   *
   * @returns whether to pause: the search then yields, and continues when asked for more
   */
  spend(stepCount: number): boolean;
  /**
   * Receives the values of a matching pattern. Values may be repeated.
   *
   * @returns the remaining work if there are many; undefined if all are taken
   */
  takeAll(values: Iterable<T>, count: number): Generator<void> | undefined;
}
