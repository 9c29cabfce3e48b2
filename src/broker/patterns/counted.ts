/** A set that counts how often each value was added: one destination may have several equal bindings. */
export class Counted<T> {
  readonly #counts = new Map<T, number>();

  /** How many different values there are. */
  get size(): number {
    return this.#counts.size;
  }

  add(value: T): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** Takes back one `add`. Returns whether nothing is left. */
  remove(value: T): boolean {
    const count = this.#counts.get(value) ?? 0;
    if (count > 1) this.#counts.set(value, count - 1);
    else this.#counts.delete(value);
    return this.#counts.size === 0;
  }

  /** Each value once. */
  values(): IterableIterator<T> {
    return this.#counts.keys();
  }
}
