/**
 * Stands for a list or map that was not read, because it has more or fewer entries than allowed. The
 * call is refused; the audit record must not show an empty list in its place.
 */
export class Unread {
  readonly #entryCount: number;

  constructor(entryCount: number) {
    this.#entryCount = entryCount;
  }

  /** How an audit record shows it. */
  toString(): string {
    return `… [${this.#entryCount} entries]`;
  }
}
