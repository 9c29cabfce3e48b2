// A multiset.

/**
 * A set that counts how often each value was added, because a destination may have several equal
 * bindings. A single value, which most sets have, takes no map.
 */
export class Counted<T> {
  /** The only value, if its count is not 0. */
  #only: T | undefined = undefined;
  #onlyCount = 0;
  /** All values, once there have been several. */
  #counts: Map<T, number> | undefined = undefined;

  /** The number of different values. */
  get size(): number {
    if (this.#counts !== undefined) return this.#counts.size;
    return this.#onlyCount > 0 ? 1 : 0;
  }

  add(value: T): void {
    if (this.#counts === undefined) {
      if (this.#onlyCount === 0 || this.#only === value) {
        this.#only = value;
        this.#onlyCount++;
        return;
      }
      this.#counts = new Map([[this.#only as T, this.#onlyCount]]); // its count is not 0
      this.#only = undefined;
      this.#onlyCount = 0;
    }
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
  }

  /** Reverts one `add`. Returns whether the set is empty. */
  remove(value: T): boolean {
    if (this.#counts === undefined) return this.#removeOnly(value);
    const count = this.#counts.get(value) ?? 0;
    if (count > 1) this.#counts.set(value, count - 1);
    else this.#counts.delete(value);
    if (this.#counts.size > 0) return false;
    this.#counts = undefined;
    return true;
  }

  #removeOnly(value: T): boolean {
    if (this.#onlyCount > 0 && this.#only === value && --this.#onlyCount === 0) {
      this.#only = undefined;
    }
    return this.#onlyCount === 0;
  }

  /** The different values. */
  values(): IterableIterator<T> {
    if (this.#counts !== undefined) return this.#counts.keys();
    const only = this.#onlyCount > 0 ? [this.#only as T] : []; // its count is not 0
    return only.values();
  }
}
