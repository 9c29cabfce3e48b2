// Assertions.

/** A bug in this program, as opposed to an expected error (see {@link WaxwingError}). */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/**
 * Checks an invariant of this program.
 *
 * @throws {AssertionFailure} if the condition is false
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/**
 * Marks unreachable code. The compiler verifies it; this function catches what the compiler cannot
 * see.
 */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${String(value)}`);
}
