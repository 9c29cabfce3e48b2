/** Peers that answer sooner than this are waited for awake, milliseconds. */
const quickMs = 0.2;
/** Before that, so many answers in a row must have been so quick. */
const quickCountMin = 16;

/**
 * Keeps the event loop from sleeping for the moment in which a peer will answer: one that publishes a
 * message, waits for its confirm and publishes the next would have the process fall asleep and be
 * woken for every message, which takes a third of the time that a disk takes to sync it. Nothing is
 * waited for awake unless the answers before came quickly, and one that does not come ends it.
 */
export class Alertness {
  readonly #nowMs: () => number;
  /** When something was written to which nothing has come yet; Infinity for none. */
  #wroteAtMs = Infinity;
  #quickCount = 0;
  #isAwake = false;
  readonly #stay = (): void => this.#stayAwake();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Something small was written, and nothing else is to be done. */
  wrote(): void {
    this.#wroteAtMs = this.#nowMs();
    if (this.#quickCount < quickCountMin || this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(this.#stay);
  }

  /** Something has come from a peer. */
  received(): void {
    if (this.#wroteAtMs === Infinity) return;
    const isQuick = this.#nowMs() - this.#wroteAtMs < quickMs;
    this.#quickCount = isQuick ? Math.min(this.#quickCount + 1, quickCountMin) : 0;
    this.#wroteAtMs = Infinity;
  }

  #stayAwake(): void {
    const isWaiting = this.#wroteAtMs !== Infinity;
    if (isWaiting && this.#nowMs() - this.#wroteAtMs < quickMs) {
      setImmediate(this.#stay);
      return;
    }
    this.#isAwake = false;
    if (isWaiting) this.#quickCount = 0;
  }
}
