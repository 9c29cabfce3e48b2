/** Entries of one chunk: a heap that grows never copies what it has. */
const chunkShift = 12;
const chunkEntries = 1 << chunkShift;
const chunkMask = chunkEntries - 1;

/**
 * Ids by due time: a binary heap in typed arrays, 16 bytes an entry. Of equal times the lower id comes
 * first. An id may be in it more than once.
 */
export class DueHeap {
  readonly #dues: Float64Array[] = [];
  readonly #ids: Float64Array[] = [];
  /** Entries. */
  size = 0;

  /** When the first entry is due, wall milliseconds; Infinity where there is none. */
  get firstMs(): number {
    return this.size === 0 ? Infinity : this.#due(0);
  }

  /** The id of the first entry; -1 where there is none. */
  get firstId(): number {
    return this.size === 0 ? -1 : this.#id(0);
  }

  /** Adds an entry: `dueMs` in wall milliseconds. */
  add(dueMs: number, id: number): void {
    if (this.size >>> chunkShift === this.#dues.length) {
      this.#dues.push(new Float64Array(chunkEntries));
      this.#ids.push(new Float64Array(chunkEntries));
    }
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!isBefore(dueMs, id, this.#due(parent), this.#id(parent))) break;
      this.#put(at, this.#due(parent), this.#id(parent));
      at = parent;
    }
    this.#put(at, dueMs, id);
  }

  /** Removes the first entry; there must be one. */
  take(): void {
    const last = --this.size;
    const dueMs = this.#due(last);
    const id = this.#id(last);
    let at = 0;
    for (let child = 1; child < last; child = 2 * at + 1) {
      const other = child + 1;
      if (
        other < last &&
        isBefore(this.#due(other), this.#id(other), this.#due(child), this.#id(child))
      ) {
        child = other;
      }
      if (!isBefore(this.#due(child), this.#id(child), dueMs, id)) break;
      this.#put(at, this.#due(child), this.#id(child));
      at = child;
    }
    if (last > 0) this.#put(at, dueMs, id);
    // One spare chunk stays, so that a size around a boundary allocates nothing.
    if (this.#dues.length > 1 && last + chunkEntries <= (this.#dues.length - 1) << chunkShift) {
      this.#dues.pop();
      this.#ids.pop();
    }
  }

  #due(at: number): number {
    return this.#dues[at >>> chunkShift]?.[at & chunkMask] ?? Infinity;
  }

  #id(at: number): number {
    return this.#ids[at >>> chunkShift]?.[at & chunkMask] ?? -1;
  }

  #put(at: number, dueMs: number, id: number): void {
    const chunk = at >>> chunkShift;
    const dues = this.#dues[chunk];
    const ids = this.#ids[chunk];
    if (dues === undefined || ids === undefined) return;
    dues[at & chunkMask] = dueMs;
    ids[at & chunkMask] = id;
  }
}

function isBefore(dueMs: number, id: number, otherMs: number, otherId: number): boolean {
  return dueMs < otherMs || (dueMs === otherMs && id < otherId);
}
