// Decisions that another service must make first.

/**
 * A right is not known yet, because another service is being asked. Whoever can wait catches it, and repeats
 * the operation after {@link decided}. Nothing has been changed before it is thrown.
 */
export class Undecided extends Error {
  /** Resolves once the decision is known. Never rejects. */
  readonly decided: Promise<void>;

  constructor(decided: Promise<void>) {
    super('a permission is being checked');
    this.decided = decided;
  }
}

/** Maximum number of decisions that one operation can need. */
export const decisionCountMax = 64;

/**
 * Performs an operation that needs decisions, and repeats it after each.
 *
 * @throws {Undecided} if it needs more than {@link decisionCountMax}
 */
export async function afterDecisions<T>(operation: () => T | Promise<T>): Promise<T> {
  for (let count = 0; ; count++) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof Undecided) || count === decisionCountMax) throw error;
      await error.decided;
    }
  }
}
