/** What can be waited for in {@link Timers}; each field belongs to the timers. */
export interface Timed {
  /** When it is due, wall milliseconds; Infinity where nothing is. */
  timerMs: number;
  /** Its place among those that wait; -1 where it does not. */
  timerAt: number;
}

/** Things by when they are due: a heap, so that a look costs what is due and not what there is. */
export class Timers<T extends Timed> {
  readonly #heap: T[] = [];

  /** When the first is due, wall milliseconds; Infinity where nothing is. */
  get firstMs(): number {
    return this.#heap[0]?.timerMs ?? Infinity;
  }

  /** Has a thing wait until a time at the latest; one that waits for an earlier time goes on with that. */
  add(thing: T, atMs: number): void {
    if (thing.timerAt >= 0 && thing.timerMs <= atMs) return;
    if (thing.timerAt < 0) thing.timerAt = this.#heap.push(thing) - 1;
    thing.timerMs = atMs;
    this.#rise(thing);
  }

  /** Takes the first out if it is due by now. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.timerMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  /** A thing waits no longer. */
  remove(thing: T): void {
    const at = thing.timerAt;
    if (at < 0) return;
    const last = this.#heap.pop();
    thing.timerAt = -1;
    thing.timerMs = Infinity;
    if (last === undefined || last === thing) return;
    this.#put(last, at);
    this.#rise(last);
    this.#sink(last);
  }

  #put(thing: T, at: number): void {
    this.#heap[at] = thing;
    thing.timerAt = at;
  }

  #rise(thing: T): void {
    let at = thing.timerAt;
    while (at > 0) {
      const above = this.#heap[(at - 1) >> 1];
      if (above === undefined || above.timerMs <= thing.timerMs) break;
      const to = above.timerAt;
      this.#put(above, at);
      at = to;
    }
    this.#put(thing, at);
  }

  #sink(thing: T): void {
    let at = thing.timerAt;
    for (;;) {
      let child = this.#heap[2 * at + 1];
      const other = this.#heap[2 * at + 2];
      if (child === undefined) break;
      if (other !== undefined && other.timerMs < child.timerMs) child = other;
      if (child.timerMs >= thing.timerMs) break;
      const to = child.timerAt;
      this.#put(child, at);
      at = to;
    }
    this.#put(thing, at);
  }
}
