// Heart-beats of STOMP.

/** A silent peer is disconnected after the agreed time multiplied by this. */
const grace = 1.5;

/** Tolerance of the time of a heart-beat, in milliseconds, so that ticks need not be exact. */
const slackMs = 100;

/** Maximum time between two ticks, in milliseconds. */
const tickMs = 500;

/** Decides when heart-beats are sent and when a silent peer is disconnected. */
export class HeartBeats {
  #sendMs = 0;
  #expectMs = 0;
  #writtenAtMs = -1;
  #receivedAtMs = -1;

  /**
   * @param sendMs maximum time between two writes, in milliseconds; 0 for no heart-beats
   * @param expectMs expected maximum time between two receipts of data, in milliseconds; 0 for no
   *   limit
   */
  start(sendMs: number, expectMs: number): void {
    this.#sendMs = sendMs;
    this.#expectMs = expectMs;
  }

  /**
   * @param hasReceived whether data of the peer arrived since the previous tick
   * @param hasWritten whether data was written since the previous tick
   */
  tick(nowMs: number, hasReceived: boolean, hasWritten: boolean): 'nothing' | 'send' | 'end' {
    if (hasReceived || this.#receivedAtMs < 0) this.#receivedAtMs = nowMs;
    if (hasWritten || this.#writtenAtMs < 0) this.#writtenAtMs = nowMs;
    const isSilent = nowMs - this.#receivedAtMs > this.#expectMs * grace + tickMs;
    if (this.#expectMs > 0 && isSilent) return 'end';
    // The next tick would be too late.
    const isDue = nowMs - this.#writtenAtMs + tickMs >= this.#sendMs + slackMs;
    if (this.#sendMs === 0 || !isDue) return 'nothing';
    this.#writtenAtMs = nowMs;
    return 'send';
  }
}
