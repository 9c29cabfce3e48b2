// Idle timeouts of a connection (2.4.5).

/** Maximum time between two ticks, in milliseconds. */
const tickMs = 500;

/** Decides when empty frames are sent and when a silent peer is disconnected. */
export class IdleTimeouts {
  readonly #timeoutMs: number;
  #sendMs = 0;
  #writtenAtMs = -1;
  #receivedAtMs = -1;

  /** @param timeoutMs the announced idle timeout, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** @param peerTimeoutMs the idle timeout that the peer announced; 0 for none */
  start(peerTimeoutMs: number): void {
    // The peer waits for the whole timeout. Half of it leaves time for the frame to arrive.
    this.#sendMs = peerTimeoutMs / 2;
  }

  /**
   * @param hasReceived whether data of the peer arrived since the previous tick
   * @param hasWritten whether data was written since the previous tick
   */
  tick(nowMs: number, hasReceived: boolean, hasWritten: boolean): 'nothing' | 'send' | 'end' {
    if (hasReceived || this.#receivedAtMs < 0) this.#receivedAtMs = nowMs;
    if (hasWritten || this.#writtenAtMs < 0) this.#writtenAtMs = nowMs;
    if (nowMs - this.#receivedAtMs > 2 * this.#timeoutMs) return 'end';
    // The next tick would be too late.
    if (this.#sendMs === 0 || nowMs - this.#writtenAtMs + tickMs < this.#sendMs) return 'nothing';
    this.#writtenAtMs = nowMs;
    return 'send';
  }
}
