/** Peers that answer sooner than this are waited for awake, milliseconds. */
const quickMs = 0.2;
/** Whoever sends more than this at once is not waiting for anything, bytes. */
const sizeBytesMax = 8192;
/** Before, so many answers in a row must have been so quick. */
const quickCountMin = 4;

/**
 * Keeps the event loop from sleeping for the moment in which a peer will answer: one that publishes a
 * message, waits for its confirm and publishes the next would have the process fall asleep and be
 * woken for every message, which takes a third of the time that a disk takes to sync it. Nothing is
 * waited for awake unless one peer alone is talked to and its answers came quickly so far; one that does
 * not come ends it.
 */
export class Alertness {
  readonly #nowMs: () => number;
  /** When something was written to which nothing has come yet; Infinity for none. */
  #wroteAtMs = Infinity;
  /** To whom. */
  #peer: object | undefined = undefined;
  #quickCount = 0;
  #isAwake = false;
  readonly #stay = (): void => this.#stayAwake();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Something small was written to one peer, and nothing else is to be done. */
  wrote(peer: object): void {
    if (peer !== this.#peer) this.#quickCount = 0;
    this.#peer = peer;
    this.#wroteAtMs = this.#nowMs();
    if (!this.#isPeerQuick || this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(this.#stay);
  }

  /** Something has come from a peer: so many bytes. */
  received(peer: object, sizeBytes: number): void {
    if (sizeBytes > sizeBytesMax || peer !== this.#peer) this.#quickCount = 0;
    if (this.#wroteAtMs === Infinity) return;
    const isAnswer = sizeBytes <= sizeBytesMax && peer === this.#peer;
    const isQuick = isAnswer && this.#nowMs() - this.#wroteAtMs < quickMs;
    this.#quickCount = isQuick ? Math.min(this.#quickCount + 1, quickCountMin) : 0;
    this.#wroteAtMs = Infinity;
  }

  get #isPeerQuick(): boolean {
    return this.#quickCount >= quickCountMin;
  }

  #stayAwake(): void {
    const isWaiting = this.#wroteAtMs !== Infinity;
    if (isWaiting && this.#isPeerQuick && this.#nowMs() - this.#wroteAtMs < quickMs) {
      setImmediate(this.#stay);
      return;
    }
    this.#isAwake = false;
    if (isWaiting) this.#quickCount = 0;
  }
}
