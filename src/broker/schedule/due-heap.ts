// A heap of due times.

/**
 * The number of entries of a chunk is a power of two. A growing heap adds chunks without copying.
 */
const chunkShift = 12;
const chunkEntries = 1 << chunkShift;
const chunkMask = chunkEntries - 1;

/**
 * A binary heap of ids by due time in typed arrays, with 16 bytes per entry. Among equal times, the
 * lower id comes first. An id may occur more than once.
 */
export class DueHeap {
  readonly #dues: Float64Array[] = [];
  readonly #ids: Float64Array[] = [];
  /** The number of entries. */
  size = 0;

  /** The due time of the first entry, milliseconds since 1970; Infinity if the heap is empty. */
  get firstMs(): number {
    return this.size === 0 ? Infinity : this.#due(0);
  }

  /** The id of the first entry; -1 if the heap is empty. */
  get firstId(): number {
    return this.size === 0 ? -1 : this.#id(0);
  }

  /** Adds an entry. `dueMs` is in milliseconds since 1970. */
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

  /** Removes the first entry, which must exist. */
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
    // One spare chunk is kept, so that a size around a boundary does not allocate repeatedly.
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
