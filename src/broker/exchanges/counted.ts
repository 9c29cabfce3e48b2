/** A set of values, each of which may be in it several times: by several bindings. */
export class Counted<T> {
  readonly #counts = new Map<T, number>();

  add(value: T): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** Takes a value out once. Returns whether nothing is left. */
  remove(value: T): boolean {
    const count = this.#counts.get(value) ?? 0;
    if (count > 1) this.#counts.set(value, count - 1);
    else this.#counts.delete(value);
    return this.#counts.size === 0;
  }

  /** Calls `take` once for each value. */
  each(take: (value: T) => void): void {
    for (const value of this.#counts.keys()) take(value);
  }
}
