// Heartbeats.

import { AmqpError } from '../errors.ts';

/** The tolerance of checks, because ticks are not exact, milliseconds. */
const slackMs = 100;

/** The error for a heartbeat frame on another channel than 0, or with a payload. */
export function heartbeatError(channel: number, sizeBytes: number): AmqpError {
  if (sizeBytes === 0) return new AmqpError('unexpected-frame', 'type 8, all octets = <<>>');
  const found = `heartbeat frame of ${sizeBytes} bytes on channel ${channel}`;
  return new AmqpError('frame-error', `${found}; an empty one on channel 0 is allowed`);
}

/** The action that heartbeats require. */
export type HeartbeatDue = 'nothing' | 'send' | 'end';

/**
 * Determines when heartbeats are sent, and when a silent peer is disconnected. As in RabbitMQ, a
 * heartbeat is sent if nothing was written during half an interval. The first check always sends
 * one.
 */
export class Heartbeats {
  #intervalMs = 0;
  /** -1 before the first check. */
  #lookedAtMs = -1;
  #hasLooked = false;
  #hasWritten = false;
  #receivedAtMs = 0;

  /** @param intervalMs the negotiated interval; 0 for no heartbeats */
  start(intervalMs: number): void {
    this.#intervalMs = intervalMs;
  }

  /**
   * @param hasReceived whether data was received since the last tick
   * @param hasWritten whether data was written since the last tick
   */
  tick(nowMs: number, hasReceived: boolean, hasWritten: boolean): HeartbeatDue {
    if (hasReceived || this.#lookedAtMs < 0) this.#receivedAtMs = nowMs;
    if (this.#lookedAtMs < 0) this.#lookedAtMs = nowMs;
    if (this.#intervalMs === 0) return 'nothing';
    // A peer that is silent for two intervals is disconnected (4.2.7).
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
