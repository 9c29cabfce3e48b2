// Sets of ids by a key.

/** For each key, a set of ids. Empty sets are not kept. */
export class SetsByKey {
  readonly #sets = new Map<string, Set<string>>();

  add(key: string, id: string): void {
    const found = this.#sets.get(key);
    if (found) found.add(id);
    else this.#sets.set(key, new Set([id]));
  }

  delete(key: string, id: string): void {
    const found = this.#sets.get(key);
    found?.delete(id);
    if (found?.size === 0) this.#sets.delete(key);
  }

  of(key: string): ReadonlySet<string> {
    return this.#sets.get(key) ?? none;
  }

  /** Moves an id from some keys to others. */
  move(id: string, from: readonly string[], to: readonly string[]): void {
    for (const key of from) this.delete(key, id);
    for (const key of to) this.add(key, id);
  }
}

const none: ReadonlySet<string> = new Set();
