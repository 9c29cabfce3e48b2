// The inactivity monitor: KeepAliveInfo, and the end of silent connections.

/** Maximum time between two ticks, in milliseconds. */
const tickMs = 500;

/** Decides when a KeepAliveInfo is sent, and when a silent peer is disconnected. */
export class Inactivity {
  #limitMs = 0;
  #checksFromMs = Infinity;
  #delayMs = 0;
  #writtenAtMs = -1;
  #receivedAtMs = -1;

  /**
   * @param limitMs maximum time between two receipts of data, in milliseconds; 0 for no limit. A
   *   third of it is the maximum time between two writes
   * @param delayMs time before the first check
   */
  start(limitMs: number, delayMs: number): void {
    this.#limitMs = limitMs;
    this.#delayMs = delayMs;
    this.#checksFromMs = -1;
  }

  /**
   * @param hasReceived whether data of the peer arrived since the previous tick
   * @param hasWritten whether data was written since the previous tick
   */
  tick(nowMs: number, hasReceived: boolean, hasWritten: boolean): 'nothing' | 'send' | 'end' {
    if (hasReceived || this.#receivedAtMs < 0) this.#receivedAtMs = nowMs;
    if (hasWritten || this.#writtenAtMs < 0) this.#writtenAtMs = nowMs;
    if (this.#limitMs === 0) return 'nothing';
    if (this.#checksFromMs < 0) this.#checksFromMs = nowMs + this.#delayMs;
    if (nowMs < this.#checksFromMs) return 'nothing';
    // A peer that sends at its limit must not be disconnected by the rounding to ticks.
    if (nowMs - this.#receivedAtMs > this.#limitMs + 2 * tickMs) return 'end';
    if (nowMs - this.#writtenAtMs + tickMs < this.#limitMs / 3) return 'nothing';
    this.#writtenAtMs = nowMs;
    return 'send';
  }
}
