// Records with unique names.

/** Records by id, and by name without regard to case. */
export class NamedRecords<R extends { readonly id: string; readonly name: string }> {
  readonly #byId = new Map<string, R>();
  readonly #idOf = new Map<string, string>();

  get count(): number {
    return this.#byId.size;
  }

  /** Adds a record, or replaces the one with its id. */
  put(record: R): void {
    this.#forgetName(this.#byId.get(record.id));
    this.#byId.set(record.id, record);
    this.#idOf.set(record.name.toLowerCase(), record.id);
  }

  delete(id: string): void {
    this.#forgetName(this.#byId.get(id));
    this.#byId.delete(id);
  }

  byId(id: string): R | undefined {
    return this.#byId.get(id);
  }

  named(name: string): R | undefined {
    const id = this.#idOf.get(name.toLowerCase());
    return id === undefined ? undefined : this.#byId.get(id);
  }

  values(): Iterable<R> {
    return this.#byId.values();
  }

  #forgetName(record: R | undefined): void {
    if (record === undefined) return;
    const name = record.name.toLowerCase();
    // A replay can meet the name with its next owner already.
    if (this.#idOf.get(name) === record.id) this.#idOf.delete(name);
  }
}
