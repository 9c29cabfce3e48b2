/** Takes what a search finds, and says when the search is to pause. */
export interface PatternSearch<T> {
  /**
   * Counts words compared.
   *
   * @returns whether to pause: the search then yields, and goes on when it is asked for more
   */
  spend(stepCount: number): boolean;
  /**
   * Takes values with a pattern that matches; the same value may be taken again.
   *
   * @returns what is left to do where there are many; undefined where all are taken
   */
  takeAll(values: Iterable<T>, count: number): Generator<void> | undefined;
}
