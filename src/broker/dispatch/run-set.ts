// A sorted set of sequence numbers.

/** Maximum number of runs in a chunk before it is split. */
const chunkSizeMax = 512;

/** Runs in ascending order, each from its first number to before its end. */
interface Chunk {
  readonly firsts: number[];
  readonly ends: number[];
}

/**
 * A sorted set of sequence numbers, stored as runs of consecutive numbers. A run takes two numbers
 * of memory regardless of its length. Adding or deleting a number takes a search and a move within
 * one chunk.
 */
export class RunSet {
  readonly #chunks: Chunk[] = [];

  get isEmpty(): boolean {
    return this.#chunks.length === 0;
  }

  /** The smallest number; -1 if the set is empty. */
  get first(): number {
    return this.#chunks[0]?.firsts[0] ?? -1;
  }

  /** The smallest number at or above the given one; -1 if there is none. */
  from(sequence: number): number {
    const chunk = this.#chunks[this.#chunkOf(sequence)];
    if (chunk === undefined) return -1;
    const at = runOf(chunk, sequence);
    return Math.max(sequence, chunk.firsts[at] ?? -1); // the last end of the chunk is above it
  }

  /** Adds a number that is not in the set. */
  add(sequence: number): void {
    this.addRun(sequence, sequence + 1);
  }

  /** Adds the numbers from `first` to before `end`, which must not be in the set. */
  addRun(first: number, end: number): void {
    const last = this.#chunks.at(-1);
    const lastEnd = last?.ends.at(-1) ?? -1;
    if (last === undefined) this.#chunks.push({ firsts: [first], ends: [end] });
    else if (first === lastEnd) last.ends[last.ends.length - 1] = end;
    else if (first > lastEnd) this.#insert(this.#chunks.length - 1, last.firsts.length, first, end);
    else this.#addWithin(this.#chunkOf(first), first, end);
  }

  /** Adds a run that is not after the last run of the chunk. */
  #addWithin(index: number, first: number, end: number): void {
    const chunk = this.#chunks[index] as Chunk; // its end is above the run
    const at = runOf(chunk, first);
    const isAfter = at > 0 && chunk.ends[at - 1] === first;
    const isBefore = chunk.firsts[at] === end;
    if (isAfter && isBefore) {
      chunk.ends.splice(at - 1, 1);
      chunk.firsts.splice(at, 1);
    } else if (isAfter) chunk.ends[at - 1] = end;
    else if (isBefore) chunk.firsts[at] = first;
    else this.#insert(index, at, first, end);
  }

  #insert(index: number, at: number, first: number, end: number): void {
    const chunk = this.#chunks[index] as Chunk; // index is in range
    chunk.firsts.splice(at, 0, first);
    chunk.ends.splice(at, 0, end);
    if (chunk.firsts.length <= chunkSizeMax) return;
    // After an addition at the end, more usually follow there: the full chunk is kept.
    const kept = at === chunk.firsts.length - 1 ? chunkSizeMax : chunkSizeMax / 2;
    const next = { firsts: chunk.firsts.splice(kept), ends: chunk.ends.splice(kept) };
    this.#chunks.splice(index + 1, 0, next);
  }

  /** Deletes a number that is in the set. */
  delete(sequence: number): void {
    const index = this.#chunkOf(sequence);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const at = runOf(chunk, sequence);
    const first = chunk.firsts[at] ?? Infinity;
    const end = chunk.ends[at] ?? 0;
    if (sequence < first) return;
    if (sequence > first) {
      chunk.ends[at] = sequence;
      if (sequence + 1 < end) this.#insert(index, at + 1, sequence + 1, end);
    } else if (sequence + 1 < end) chunk.firsts[at] = sequence + 1;
    else {
      chunk.firsts.splice(at, 1);
      chunk.ends.splice(at, 1);
      if (chunk.firsts.length === 0) this.#chunks.splice(index, 1);
    }
  }

  /** The first chunk with a run that ends above a number. */
  #chunkOf(sequence: number): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#chunks[middle]?.ends.at(-1) ?? Infinity) > sequence) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** The first run of a chunk that ends above a number. */
function runOf({ ends }: Chunk, sequence: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] ?? Infinity) > sequence) high = middle;
    else low = middle + 1;
  }
  return low;
}
