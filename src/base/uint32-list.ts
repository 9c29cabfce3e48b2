// A compact list of numbers.

/** A growing list of numbers from 0 to 2^32 - 1, with four bytes each. Unset elements are 0. */
export class Uint32List {
  /** Read only at indexes that were set. */
  values = new Uint32Array(64);

  /** Sets an element, and grows the list if necessary. */
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
