/** How much longer than agreed a silent peer is waited for. */
const grace = 1.5;

/** Milliseconds by which a heart-beat may come late, so that ticks need not be exact. */
const slackMs = 100;

/** Milliseconds between two ticks at most. */
const tickMs = 500;

/** When heart-beats are sent, and when a silent peer is given up. */
export class HeartBeats {
  #sendMs = 0;
  #expectMs = 0;
  #writtenAtMs = -1;
  #receivedAtMs = -1;

  /**
   * @param sendMs milliseconds after which something is to be sent; 0 for no heart-beats
   * @param expectMs milliseconds after which something is to come; 0 for any time
   */
  start(sendMs: number, expectMs: number): void {
    this.#sendMs = sendMs;
    this.#expectMs = expectMs;
  }

  /**
   * @param hasReceived whether the peer has shown since the last tick that it is there
   * @param hasWritten whether anything was written to it since the last tick
   */
  tick(nowMs: number, hasReceived: boolean, hasWritten: boolean): 'nothing' | 'send' | 'end' {
    if (hasReceived || this.#receivedAtMs < 0) this.#receivedAtMs = nowMs;
    if (hasWritten || this.#writtenAtMs < 0) this.#writtenAtMs = nowMs;
    const isSilent = nowMs - this.#receivedAtMs > this.#expectMs * grace + tickMs;
    if (this.#expectMs > 0 && isSilent) return 'end';
    // The tick after this one would come too late.
    const isDue = nowMs - this.#writtenAtMs + tickMs >= this.#sendMs + slackMs;
    if (this.#sendMs === 0 || !isDue) return 'nothing';
    this.#writtenAtMs = nowMs;
    return 'send';
  }
}
