import type { Window } from '../storage/window.ts';

/** Sequence numbers, smallest first; those given in ascending order cost one step each. */
class Lane {
  readonly #heap: number[] = [];

  add(sequence: number): void {
    const heap = this.#heap;
    let at = heap.push(sequence) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] ?? 0;
      if (above <= sequence) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = sequence;
  }

  peek(): number {
    return this.#heap[0] ?? -1;
  }

  /** All of them, in no order. */
  get all(): readonly number[] {
    return this.#heap;
  }

  take(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if ((heap[child + 1] ?? Infinity) < (heap[child] ?? Infinity)) child++;
      const below = heap[child] ?? Infinity;
      if (below >= last) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

/** Which message of a queue is delivered next. Sequence numbers; -1 for none. */
export interface Ready {
  /** A message that just arrived. */
  add(sequence: number): void;
  /** A message that was delivered and came back; it has its old place again. */
  requeue(sequence: number): void;
  peek(): number;
  /** Takes what `peek` showed. */
  take(): void;
  /**
   * Takes a message that expires by the given time and is the next one of its priority: what waits
   * behind one that does not expire stays.
   */
  takeDue(nowMs: number): number;
  /** When the first message expires that `takeDue` would take; Infinity for never. */
  nextDueMs(): number;
  /** Takes everything. */
  takeAll(): Taken;
}

/** Ready messages that were taken together: all that are live in a range, and a list of others. */
export class Taken {
  readonly #window: Window;
  #from: number;
  readonly #to: number;
  readonly #lists: (readonly number[])[];
  #at = 0;

  constructor(window: Window, from: number, to: number, lists: readonly (readonly number[])[]) {
    this.#window = window;
    this.#from = from;
    this.#to = to;
    this.#lists = [...lists];
  }

  /** The next of them; -1 where there is none any more. */
  next(): number {
    for (let list = this.#lists.at(-1); list !== undefined; list = this.#lists.at(-1)) {
      const sequence = list[this.#at++];
      if (sequence !== undefined) return sequence;
      this.#lists.pop();
      this.#at = 0;
    }
    const sequence = this.#window.liveFrom(this.#from);
    if (sequence >= this.#to) return -1;
    this.#from = sequence + 1;
    return sequence;
  }
}

/** First in, first out: a cursor over the window, and the few that came back. */
export class InOrder implements Ready {
  readonly #window: Window;
  #returned: Lane | undefined = undefined;
  #cursor: number;

  constructor(window: Window) {
    this.#window = window;
    this.#cursor = window.liveFrom(0);
  }

  add(_sequence: number): void {}

  requeue(sequence: number): void {
    // Given back from the last to the first, a consumer's messages just move the cursor back.
    // Between it and the cursor there may be others that were settled for good.
    if (this.#window.liveFrom(sequence + 1) >= this.#cursor) this.#cursor = sequence;
    else {
      this.#returned ??= new Lane();
      this.#returned.add(sequence);
    }
  }

  peek(): number {
    const returned = this.#returned === undefined ? -1 : this.#returned.peek();
    if (returned >= 0 && returned < this.#cursor) return returned;
    const window = this.#window;
    if (this.#cursor >= window.next) return returned;
    if (!window.isLive(this.#cursor)) this.#cursor = window.liveFrom(this.#cursor);
    return this.#cursor < window.next ? this.#cursor : returned;
  }

  take(): void {
    const returned = this.#returned;
    if (returned !== undefined && returned.peek() >= 0 && returned.peek() === this.peek()) {
      returned.take();
    } else this.#cursor++;
  }

  takeDue(nowMs: number): number {
    if (this.nextDueMs() > nowMs) return -1;
    const sequence = this.peek();
    this.take();
    return sequence;
  }

  nextDueMs(): number {
    if (!this.#window.hasDues) return Infinity;
    const sequence = this.peek();
    return sequence < 0 ? Infinity : this.#window.expiresAtMs(sequence);
  }

  takeAll(): Taken {
    const lists = this.#returned === undefined ? [] : [this.#returned.all];
    const taken = new Taken(this.#window, this.#cursor, this.#window.next, lists);
    this.#returned = undefined;
    this.#cursor = this.#window.next;
    return taken;
  }
}

/** Highest priority first, and within one in order. */
export class ByPriority implements Ready {
  readonly #window: Window;
  readonly #lanes: (Lane | undefined)[] = [];
  readonly #priorityMax: number;

  /** @param priorityMax 1 to 255; higher priorities count as this one */
  constructor(window: Window, priorityMax: number) {
    this.#window = window;
    this.#priorityMax = priorityMax;
    for (let s = window.liveFrom(0); s < window.next; s = window.liveFrom(s + 1)) this.add(s);
  }

  add(sequence: number): void {
    const priority = Math.min(this.#window.priority(sequence), this.#priorityMax);
    let lane = this.#lanes[priority];
    if (lane === undefined) {
      lane = new Lane();
      this.#lanes[priority] = lane;
    }
    lane.add(sequence);
  }

  requeue(sequence: number): void {
    this.add(sequence);
  }

  peek(): number {
    return this.#lane()?.peek() ?? -1;
  }

  take(): void {
    this.#lane()?.take();
  }

  takeDue(nowMs: number): number {
    if (!this.#window.hasDues) return -1;
    for (const lane of this.#lanes) {
      const sequence = lane === undefined ? -1 : lane.peek();
      if (sequence < 0 || this.#window.expiresAtMs(sequence) > nowMs) continue;
      lane?.take();
      return sequence;
    }
    return -1;
  }

  nextDueMs(): number {
    let dueMs = Infinity;
    if (!this.#window.hasDues) return dueMs;
    for (const lane of this.#lanes) {
      const sequence = lane === undefined ? -1 : lane.peek();
      if (sequence >= 0) dueMs = Math.min(dueMs, this.#window.expiresAtMs(sequence));
    }
    return dueMs;
  }

  takeAll(): Taken {
    const lists = this.#lanes.flatMap((lane) => (lane === undefined ? [] : [lane.all]));
    this.#lanes.length = 0;
    return new Taken(this.#window, this.#window.next, this.#window.next, lists);
  }

  #lane(): Lane | undefined {
    for (let priority = this.#lanes.length - 1; priority >= 0; priority--) {
      const lane = this.#lanes[priority];
      if (lane !== undefined && lane.peek() >= 0) return lane;
    }
    return undefined;
  }
}
