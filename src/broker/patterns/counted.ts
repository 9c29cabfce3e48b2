// A multiset.

/**
 * A set that counts how often each value was added, because a destination may have several equal
 * bindings.
 */
export class Counted<T> {
  readonly #counts = new Map<T, number>();

  /** The number of different values. */
  get size(): number {
    return this.#counts.size;
  }

  add(value: T): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** Reverts one `add`. Returns whether the set is empty. */
  remove(value: T): boolean {
    const count = this.#counts.get(value) ?? 0;
    if (count > 1) this.#counts.set(value, count - 1);
    else this.#counts.delete(value);
    return this.#counts.size === 0;
  }

  /** The different values. */
  values(): IterableIterator<T> {
    return this.#counts.keys();
  }
}
