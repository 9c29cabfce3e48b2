// The limit of the work that one evaluation of a selector does besides its operands.

/**
 * Maximum number of characters that LIKE and functions compare, and that are concatenated, in one
 * evaluation of a selector; for REGEX, times the instructions of the expression. Beyond it the
 * result is unknown.
 */
export const stepCountMax = 10_000;

/** The number of operands that take as long as {@link stepCountMax} steps. */
export const stepsCost = 400;

/** The steps of the evaluation in progress. Evaluations are synchronous and never nested. */
export const steps = { left: 0 };
