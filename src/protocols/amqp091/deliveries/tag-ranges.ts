// A set of delivery tags.

/** A range of tags, inclusive. */
export interface TagRange {
  readonly first: number;
  readonly last: number;
}

/** Initial capacity. */
const sizeMin = 16;
const none = new Float64Array(0);

/** A set of tags, stored as ranges. */
export class TagRanges {
  /** The first and last tag of each range, ascending; from `#from` to before `#to`. */
  #ends = none;
  #from = 0;
  #to = 0;

  /** The number of ranges. */
  get count(): number {
    return (this.#to - this.#from) / 2;
  }

  has(tag: number): boolean {
    const at = this.#find(tag);
    return at < this.#to && (this.#ends[at] ?? 0) <= tag;
  }

  /** The index of the first range that ends at or after a tag. */
  #find(tag: number): number {
    const ends = this.#ends;
    // New tags are usually above all others.
    if (this.#from === this.#to || (ends[this.#to - 1] ?? 0) < tag) return this.#to;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[this.#from + middle * 2 + 1] ?? 0) < tag) low = middle + 1;
      else high = middle;
    }
    return this.#from + low * 2;
  }

  /** Adds a tag that is not in the set. */
  add(tag: number): void {
    const ends = this.#ends;
    const at = this.#find(tag);
    const joinsBefore = at > this.#from && ends[at - 1] === tag - 1;
    const joinsAfter = at < this.#to && ends[at] === tag + 1;
    if (joinsBefore && joinsAfter) {
      ends.copyWithin(at - 1, at + 1, this.#to);
      this.#to -= 2;
    } else if (joinsBefore) ends[at - 1] = tag;
    else if (joinsAfter) ends[at] = tag;
    else this.#insert(at, tag);
  }

  #insert(before: number, tag: number): void {
    const place = before - this.#from;
    if (this.#to + 2 > this.#ends.length) this.#makeRoom();
    const ends = this.#ends;
    const at = this.#from + place;
    ends.copyWithin(at + 2, at, this.#to);
    ends[at] = tag;
    ends[at + 1] = tag;
    this.#to += 2;
  }

  #makeRoom(): void {
    const used = this.#ends.subarray(this.#from, this.#to);
    const ends = new Float64Array(Math.max(sizeMin, used.length * 2));
    ends.set(used);
    this.#ends = ends;
    this.#to = used.length;
    this.#from = 0;
  }

  /** Removes and returns the first range if it begins at or before a tag; otherwise undefined. */
  takeFirst(upTo: number): TagRange | undefined {
    if (this.#from === this.#to) return undefined;
    const first = this.#ends[this.#from] ?? 0;
    const last = this.#ends[this.#from + 1] ?? 0;
    if (first > upTo) return undefined;
    this.#from += 2;
    return { first, last };
  }

  clear(): void {
    this.#ends = none;
    this.#from = 0;
    this.#to = 0;
  }
}
