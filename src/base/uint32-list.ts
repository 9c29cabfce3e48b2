/** Numbers from 0 to 2^32 - 1 by index, four bytes each; what was never set is 0. */
export class Uint32List {
  /** To be read at indices that were set. */
  values = new Uint32Array(64);

  /** Sets one; the list grows as far as it must. */
  set(index: number, value: number): void {
    if (index >= this.values.length) this.#grow(index);
    this.values[index] = value;
  }

  #grow(index: number): void {
    const old = this.values;
    this.values = new Uint32Array(Math.max(index + 1, old.length * 2));
    this.values.set(old);
  }
}
