/** A bug in this program, as opposed to an expected failure (see {@link WaxwingError}). */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

/**
 * States what must be true if this program is right.
 *
 * @throws {AssertionFailure} where it is not
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** Marks a place that no value can reach; the compiler proves it, this catches what it cannot see. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable: ${String(value)}`);
}
