/** Milliseconds by which a check may come early, so that ticks need not be exact. */
const slackMs = 100;

/** What is to be done about a connection's heartbeats. */
export type HeartbeatDue = 'nothing' | 'send' | 'end';

/**
 * When heartbeats are sent, and when a silent peer is given up. As in RabbitMQ, what was written is
 * looked at every half interval: where that was nothing, a heartbeat is sent. The first look always
 * sends one.
 */
export class Heartbeats {
  #intervalMs = 0;
  /** -1 before the first look. */
  #lookedAtMs = -1;
  #hasLooked = false;
  #hasWritten = false;
  #receivedAtMs = 0;

  /** @param intervalMs as agreed on; 0 for no heartbeats */
  start(intervalMs: number): void {
    this.#intervalMs = intervalMs;
  }

  /**
   * @param hasReceived whether the peer has shown since the last tick that it is there
   * @param hasWritten whether anything was written to it since the last tick
   */
  tick(nowMs: number, hasReceived: boolean, hasWritten: boolean): HeartbeatDue {
    if (hasReceived || this.#lookedAtMs < 0) this.#receivedAtMs = nowMs;
    if (this.#lookedAtMs < 0) this.#lookedAtMs = nowMs;
    if (this.#intervalMs === 0) return 'nothing';
    // A client that is silent for two intervals is gone (4.2.7).
    if (nowMs - this.#receivedAtMs > this.#intervalMs * 2) return 'end';
    this.#hasWritten ||= hasWritten;
    if (nowMs - this.#lookedAtMs < this.#intervalMs / 2 - slackMs) return 'nothing';
    const isSilent = !this.#hasLooked || !this.#hasWritten;
    this.#lookedAtMs = nowMs;
    this.#hasLooked = true;
    this.#hasWritten = false;
    return isSilent ? 'send' : 'nothing';
  }
}
