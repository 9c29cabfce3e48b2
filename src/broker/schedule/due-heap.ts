// A heap of due times.

/**
 * The number of entries of a chunk is a power of two. A growing heap adds chunks without copying.
 */
const usualChunkShift = 12;

/** The entries that one call of {@link DueHeap.entries} has still to return. */
interface Reading {
  readonly size: number;
  nextChunk: number;
  /** Chunks as they were, if they have changed since. */
  readonly kept: Map<number, Chunk>;
}

type Chunk = readonly [dues: Float64Array, ids: Float64Array];

/**
 * A binary heap of ids by due time in typed arrays, with 16 bytes per entry. Among equal times, the
 * lower id comes first. An id may occur more than once.
 */
export class DueHeap {
  readonly #dues: Float64Array[] = [];
  readonly #ids: Float64Array[] = [];
  readonly #shift: number;
  readonly #mask: number;
  readonly #readings = new Set<Reading>();
  /** The number of entries. */
  size = 0;

  /** @param chunkShift the entries of a chunk, as a power of two */
  constructor(chunkShift: number = usualChunkShift) {
    this.#shift = chunkShift;
    this.#mask = (1 << this.#shift) - 1;
  }

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
    if (this.size >>> this.#shift === this.#dues.length) {
      this.#dues.push(new Float64Array(this.#mask + 1));
      this.#ids.push(new Float64Array(this.#mask + 1));
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
    if (this.#dues.length > 1 && last + this.#mask + 1 <= (this.#dues.length - 1) << this.#shift) {
      if (this.#readings.size > 0) this.#keep(this.#dues.length - 1);
      this.#dues.pop();
      this.#ids.pop();
    }
  }

  /**
   * The entries as they are at the first step, in no particular order. The heap may change meanwhile: it
   * copies what it changes, so that no step copies more than a chunk.
   */
  *entries(): Generator<[id: number, dueMs: number]> {
    const reading: Reading = { size: this.size, nextChunk: 0, kept: new Map() };
    this.#readings.add(reading);
    try {
      for (let first = 0; first < reading.size; first += this.#mask + 1) {
        const chunk = reading.nextChunk++;
        const [dues, ids] = reading.kept.get(chunk) ?? this.#copy(chunk);
        reading.kept.delete(chunk);
        const count = Math.min(reading.size - first, this.#mask + 1);
        for (let at = 0; at < count; at++) yield [ids[at] ?? -1, dues[at] ?? Infinity];
      }
    } finally {
      this.#readings.delete(reading);
    }
  }

  #copy(chunk: number): Chunk {
    const [dues, ids] = [this.#dues[chunk], this.#ids[chunk]];
    return [dues?.slice() ?? new Float64Array(0), ids?.slice() ?? new Float64Array(0)];
  }

  /** A chunk is about to change. */
  #keep(chunk: number): void {
    for (const { kept, nextChunk } of this.#readings) {
      if (chunk >= nextChunk && !kept.has(chunk)) kept.set(chunk, this.#copy(chunk));
    }
  }

  #due(at: number): number {
    return this.#dues[at >>> this.#shift]?.[at & this.#mask] ?? Infinity;
  }

  #id(at: number): number {
    return this.#ids[at >>> this.#shift]?.[at & this.#mask] ?? -1;
  }

  #put(at: number, dueMs: number, id: number): void {
    const chunk = at >>> this.#shift;
    const dues = this.#dues[chunk];
    const ids = this.#ids[chunk];
    if (dues === undefined || ids === undefined) return;
    if (this.#readings.size > 0) this.#keep(chunk);
    dues[at & this.#mask] = dueMs;
    ids[at & this.#mask] = id;
  }
}

function isBefore(dueMs: number, id: number, otherMs: number, otherId: number): boolean {
  return dueMs < otherMs || (dueMs === otherMs && id < otherId);
}
