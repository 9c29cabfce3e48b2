// The values of a request that conditions and variables refer to.

/**
 * The values of condition keys. A `Map` from names in lower case is one. Keys are looked up one at a
 * time, so that values that no policy asks for need not be determined.
 */
export interface ContextValues {
  /** @param key in lower case, because condition keys are not case-sensitive */
  get(key: string): ContextValue | undefined;
}

/** The value of a condition key. A list is a key with several values; an empty one is absent. */
export type ContextValue = string | readonly string[] | Variants;

/**
 * Values whose names differ only in case (pairs of an encryption context, tags). Condition keys are
 * not case-sensitive, so a condition cannot distinguish them. An Allow requires the condition to
 * hold for each of them; for a Deny, one is enough.
 */
export interface Variants {
  readonly variants: readonly string[];
}

/**
 * Maximum number of characters that one evaluation compares. A pattern with many stars needs a
 * number of comparisons that grows with the product of both lengths. The maximum takes several
 * milliseconds.
 */
const comparisonsMax = 500_000;

/** The evaluation needs more comparisons than allowed, so the request is denied. */
export class EvaluationLimit extends Error {}

/** The values of one evaluation, and the work that it has done. */
export class Scope {
  readonly #values: ContextValues;
  #comparisons = 0;

  constructor(values: ContextValues) {
    this.#values = values;
  }

  /** @param key in lower case */
  value(key: string): ContextValue | undefined {
    const value = this.#values.get(key);
    return typeof value === 'object' && 'length' in value && value.length === 0 ? undefined : value;
  }

  /** The value of a policy variable; undefined if the key is absent or has several values. */
  variable(key: string): string | undefined {
    const value = this.#values.get(key);
    return typeof value === 'string' ? value : undefined;
  }

  /**
   * Counts comparisons.
   *
   * @throws {EvaluationLimit} if the evaluation needs too many
   */
  spend(comparisons: number): void {
    this.#comparisons += comparisons;
    if (this.#comparisons > comparisonsMax) throw new EvaluationLimit();
  }
}
