// The marking mode of V8's garbage collector.

/** Heap size in bytes from which garbage is marked incrementally. */
const largeBytes = 15 * 1024 * 1024;
/** Heap size in bytes below which garbage is marked in one step again. */
const smallBytes = 13 * 1024 * 1024;

/**
 * Selects how V8 marks the heap of a broker. Marking in one step takes less CPU time (decision
 * 0015) but stops the event loop for about a millisecond per MiB. A large heap, with tens of
 * thousands of queues or consumers, is therefore marked incrementally.
 */
export class MarkingMode {
  #isInSteps = false;
  readonly #set: (isInSteps: boolean) => void;

  /** @param set changes the mode of the process, which initially marks in one step */
  constructor(set: (isInSteps: boolean) => void) {
    this.#set = set;
  }

  /** Call it several times a second: a heap can grow by tens of mebibytes in one. */
  look(heapBytes: number): void {
    const isInSteps = heapBytes > (this.#isInSteps ? smallBytes : largeBytes);
    if (isInSteps === this.#isInSteps) return;
    this.#isInSteps = isInSteps;
    this.#set(isInSteps);
  }
}
