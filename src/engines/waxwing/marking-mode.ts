/** Bytes of a heap from which on garbage is marked in steps, ... */
const largeBytes = 20 * 1024 * 1024;
/** ... and below which it is marked at once again. */
const smallBytes = 16 * 1024 * 1024;

/**
 * Chooses how V8 marks a broker's heap. At once costs less processor time (decision 0015) but stops the
 * event loop for about a millisecond for each MiB. So a heap that has become large, with tens of
 * thousands of queues or consumers, is marked in steps.
 */
export class MarkingMode {
  #isInSteps = false;
  readonly #set: (isInSteps: boolean) => void;

  /** @param set changes how the process marks; it begins with marking at once */
  constructor(set: (isInSteps: boolean) => void) {
    this.#set = set;
  }

  /** To be called about once a second. */
  look(heapBytes: number): void {
    const isInSteps = heapBytes > (this.#isInSteps ? smallBytes : largeBytes);
    if (isInSteps === this.#isInSteps) return;
    this.#isInSteps = isInSteps;
    this.#set(isInSteps);
  }
}
