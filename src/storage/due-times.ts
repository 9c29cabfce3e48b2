/** Runs in the first chunk of a list; it doubles up to a whole chunk. */
const runCountMin = 8;
/** Runs in a whole chunk. */
const chunkRuns = 1024;
/** A run is two numbers: its first sequence number, and when its messages expire. */
const runNumbers = 2;

/**
 * When the messages of one window expire, as runs of neighbours that expire in the same millisecond.
 * A queue's own time to live makes one run of all that arrives within a millisecond; the worst case,
 * neighbours with times of their own, takes 16 bytes a message.
 */
export class DueTimes {
  #chunks: Float64Array[] = [new Float64Array(runCountMin * runNumbers)];
  /** Runs before the first that is in use, and the number of runs up to the last, in the chunks. */
  #first = 0;
  #end = 0;
  /** The run that was found last. */
  #found = 0;

  /**
   * Notes when a message expires; all up to the next one noted expire then, too.
   *
   * @param sequence not below any noted before
   * @param dueMs wall milliseconds; Infinity for never
   * @param firstLive nothing is asked of sequence numbers before it any more
   */
  note(sequence: number, dueMs: number, firstLive: number): void {
    const last = this.#end === this.#first ? Infinity : this.#due(this.#end - 1);
    if (last === dueMs) return;
    this.#trim(firstLive);
    if (this.#end === this.#room) this.#grow();
    const chunk = this.#chunk(this.#end);
    const at = this.#at(this.#end);
    chunk[at] = sequence;
    chunk[at + 1] = dueMs;
    this.#end++;
  }

  /** When a message expires, wall milliseconds; Infinity for never. */
  dueMs(sequence: number): number {
    const { length } = this.#chunks;
    if (length === 0 || this.#end === this.#first || this.#start(this.#first) > sequence) {
      return Infinity;
    }
    let run = this.#found;
    if (!this.#holds(run, sequence)) {
      run++;
      if (!this.#holds(run, sequence)) run = this.#search(sequence);
      this.#found = run;
    }
    return this.#due(run);
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#chunks.length > 1) this.#chunks = [new Float64Array(runCountMin * runNumbers)];
    this.#first = 0;
    this.#end = 0;
    this.#found = 0;
  }

  #holds(run: number, sequence: number): boolean {
    if (run < this.#first || run >= this.#end || this.#start(run) > sequence) return false;
    return run + 1 === this.#end || this.#start(run + 1) > sequence;
  }

  /** The last run that begins at or before a sequence number. */
  #search(sequence: number): number {
    let low = this.#first;
    let high = this.#end - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#start(middle) <= sequence) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #chunk(run: number): Float64Array {
    return this.#chunks[Math.floor(run / chunkRuns)] as Float64Array; // the run is in use
  }

  #at(run: number): number {
    return (run % chunkRuns) * runNumbers;
  }

  #start(run: number): number {
    return this.#chunk(run)[this.#at(run)] as number; // the run is in use
  }

  #due(run: number): number {
    return this.#chunk(run)[this.#at(run) + 1] as number; // the run is in use
  }

  /** Runs that the chunks have room for. */
  get #room(): number {
    const [first] = this.#chunks;
    if (this.#chunks.length > 1 || first === undefined) return this.#chunks.length * chunkRuns;
    return first.length / runNumbers;
  }

  /** Lets go of runs that end before a sequence number. */
  #trim(firstLive: number): void {
    while (this.#first + 1 < this.#end && this.#start(this.#first + 1) <= firstLive) this.#first++;
    if (this.#first < chunkRuns) return;
    this.#chunks.shift();
    this.#first -= chunkRuns;
    this.#end -= chunkRuns;
    this.#found = this.#first;
  }

  #grow(): void {
    const [first] = this.#chunks;
    if (first === undefined || this.#room >= chunkRuns) {
      // The runs in use move to the front where most of a short list is free, else it grows.
      if (this.#chunks.length === 1 && this.#first >= chunkRuns / 2) this.#compact();
      else this.#chunks.push(new Float64Array(chunkRuns * runNumbers));
      return;
    }
    if (this.#first >= this.#room / 2) this.#compact();
    else {
      const larger = new Float64Array(first.length * 2);
      larger.set(first);
      this.#chunks[0] = larger;
    }
  }

  #compact(): void {
    const chunk = this.#chunks[0] as Float64Array; // there is always one
    chunk.copyWithin(0, this.#first * runNumbers, this.#end * runNumbers);
    this.#end -= this.#first;
    this.#first = 0;
    this.#found = 0;
  }
}
