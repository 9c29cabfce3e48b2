// The marking mode of V8's garbage collector.

const mebibyte = 1024 * 1024;
/** Size of the live heap in bytes from which garbage is marked incrementally. */
const largeBytes = 17 * mebibyte;
/** Size of the live heap in bytes below which garbage is marked in one step again. */
const smallBytes = 15 * mebibyte;
/**
 * Growth since the last full collection, bytes, from which garbage is marked incrementally. V8 then begins
 * to mark at once. Before that, it lets the heap grow: marking takes as long as the live heap is large,
 * however much garbage there is.
 */
const grownBytes = 12 * mebibyte;

/** Tells whether V8 has collected all garbage. */
export class FullCollections {
  // A young collection keeps what a weak reference refers to.
  #probe = new WeakRef({});

  /** Whether there was a full collection since the last call that returned true. */
  wasOne(): boolean {
    if (this.#probe.deref() !== undefined) return false;
    this.#probe = new WeakRef({});
    return true;
  }
}

/**
 * Selects how V8 marks the heap of a broker. Marking in one step takes less CPU time (decision
 * 0015) but stops the event loop for about a millisecond per MiB of live objects. A large heap, with tens
 * of thousands of queues or consumers, is therefore marked incrementally.
 */
export class MarkingMode {
  #isInSteps = false;
  /** The size after the last full collection; an upper bound of it before the first. */
  #liveBytes = Infinity;
  readonly #set: (isInSteps: boolean) => void;

  /** @param set changes the mode of the process, which initially marks in one step */
  constructor(set: (isInSteps: boolean) => void) {
    this.#set = set;
  }

  /**
   * Call it several times a second: a heap can grow by tens of mebibytes in one.
   *
   * @param isCollected whether there was a full collection since the last call
   */
  look(heapBytes: number, isCollected: boolean): void {
    this.#liveBytes = isCollected ? heapBytes : Math.min(this.#liveBytes, heapBytes);
    const isLarge = this.#liveBytes > (this.#isInSteps ? smallBytes : largeBytes);
    const isInSteps = isLarge || heapBytes > this.#liveBytes + grownBytes;
    if (isInSteps === this.#isInSteps) return;
    this.#isInSteps = isInSteps;
    this.#set(isInSteps);
  }
}
