// Busy polling for the answer of a quick peer.

/** Maximum time in which a peer must answer to be polled for, milliseconds. */
const quickMs = 0.2;
/** A peer that sends more than this at once is not waiting for an answer, bytes. */
const sizeBytesMax = 8192;
/** Consecutive quick answers before the loop polls. */
const quickCountMin = 4;

/**
 * Polls for the answer of one quick peer instead of letting the event loop sleep. A client that
 * waits for the confirm of each message would otherwise put the process to sleep and wake it for
 * every message, which takes a third of the time of a disk sync. The loop polls only while it
 * communicates with a single peer whose recent answers were quick. One late answer stops it.
 */
export class BusyPoll {
  readonly #nowMs: () => number;
  /** The time of the last unanswered write; Infinity if there is none. */
  #wroteAtMs = Infinity;
  /** The peer of that write. */
  #peer: object | undefined = undefined;
  #quickCount = 0;
  #isPolling = false;
  readonly #next = (): void => this.#poll();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A small answer was written to one peer, and no other work is pending. */
  wrote(peer: object): void {
    if (peer !== this.#peer) this.#quickCount = 0;
    this.#peer = peer;
    this.#wroteAtMs = this.#nowMs();
    if (!this.#isPeerQuick || this.#isPolling) return;
    this.#isPolling = true;
    setImmediate(this.#next);
  }

  /**
   * More than a small answer was written: to several peers, or deliveries to a single one. Polling
   * would take processor time that the other peers need.
   *
   * @param peer the peer, if it is a single one
   */
  wroteMore(peer?: object): void {
    if (peer !== undefined && peer === this.#peer) return;
    this.#peer = undefined;
    this.#quickCount = 0;
    this.#wroteAtMs = Infinity;
  }

  /** Bytes were received from a peer. */
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

  #poll(): void {
    const isWaiting = this.#wroteAtMs !== Infinity;
    if (isWaiting && this.#isPeerQuick && this.#nowMs() - this.#wroteAtMs < quickMs) {
      setImmediate(this.#next);
      return;
    }
    this.#isPolling = false;
    if (isWaiting) this.#quickCount = 0;
  }
}
