// Writes text in UTF-16 code units.

/** Number of units that become a part of the text at once. */
const partLength = 8192;

const units = new Uint16Array(partLength);

/**
 * Gathers text in units, in memory that does not depend on its contents. The memory is shared: a text is
 * complete before the next one begins.
 */
export class UnitWriter {
  #text = '';
  #count = 0;

  /** Adds a UTF-16 code unit, which may be an unpaired surrogate. */
  add(unit: number): void {
    if (this.#count === partLength) this.#flush();
    units[this.#count++] = unit;
  }

  /** Adds a character. @param code up to 0x10ffff */
  addCode(code: number): void {
    if (code < 0x1_0000) {
      this.add(code);
      return;
    }
    const above = code - 0x1_0000;
    this.add(0xd800 + (above >> 10));
    this.add(0xdc00 + (above & 0x3ff));
  }

  #flush(): void {
    // Typed arrays are array-like, which the type of the function does not say.
    const written = units.subarray(0, this.#count) as unknown as number[];
    this.#text += String.fromCharCode.apply(undefined, written);
    this.#count = 0;
  }

  /** The text. Nothing may be added afterwards. */
  text(): string {
    this.#flush();
    return this.#text;
  }
}
