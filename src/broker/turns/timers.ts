// A heap of timers.

/** An object in {@link Timers}, which own the fields. */
export interface Timed {
  /** The due time, milliseconds since 1970; Infinity if there is none. */
  timerMs: number;
  /** The position in the heap; -1 if it is not in it. */
  timerAt: number;
}

/** Objects by due time: a heap, so that the cost depends on the number of due objects only. */
export class Timers<T extends Timed> {
  readonly #heap: T[] = [];

  /** The first due time, milliseconds since 1970; Infinity if there is none. */
  get firstMs(): number {
    return this.#heap[0]?.timerMs ?? Infinity;
  }

  /** Sets a timer for an object. An earlier timer takes precedence. */
  add(thing: T, atMs: number): void {
    if (thing.timerAt >= 0 && thing.timerMs <= atMs) return;
    if (thing.timerAt < 0) thing.timerAt = this.#heap.push(thing) - 1;
    thing.timerMs = atMs;
    this.#rise(thing);
  }

  /** Removes and returns the first object if it is due. */
  takeDue(nowMs: number): T | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.timerMs > nowMs) return undefined;
    this.remove(first);
    return first;
  }

  /** Cancels the timer of an object. */
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
