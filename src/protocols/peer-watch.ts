// Limits of the memory that is held for a peer.

import type { Broker } from '../broker/broker.ts';
import type { PeerOutbox } from './peer-outbox.ts';

/** Answers that wait for the log. */
export interface HeldAnswers {
  /** Their size, in bytes. */
  readonly heldBytes: number;
}

/**
 * Watches the memory that is held for a peer. If it is too much, the peer is not read from, or is
 * disconnected.
 */
export class PeerWatch {
  readonly #broker: Broker;
  readonly #outbox: PeerOutbox;
  readonly #answers: HeldAnswers;
  /** Whether the peer read any data between the previous two ticks. */
  isTaking = false;
  #leftBytes = 0;
  /** The time since which there has been no progress; -1 if there is progress. */
  #stuckSinceMs = -1;

  constructor(broker: Broker, outbox: PeerOutbox, answers: HeldAnswers) {
    this.#broker = broker;
    this.#outbox = outbox;
    this.#answers = answers;
  }

  /** Whether reading from the peer must stop until it has read its data. */
  get isBehind(): boolean {
    const { limits, unread } = this.#broker;
    const { waitingBytes } = this.#outbox;
    if (this.#answers.heldBytes > limits.heldBytesMax) return true;
    if (waitingBytes > limits.bodyBytesMax + limits.unreadBytesMax) return true;
    return waitingBytes > limits.unreadBytesShare && unread.bytes > limits.unreadBytesSum;
  }

  /** Whether so many answers wait that no further message is encoded for later. */
  get isCrowded(): boolean {
    return this.#answers.heldBytes > this.#broker.limits.heldBytesMax;
  }

  /**
   * @param isPaused whether the broker blocks the peer
   * @returns the reason for closing the connection, if it has made no progress for too long
   */
  tick(nowMs: number, isPaused: boolean): string | undefined {
    const { leftBytes, waitingBytes } = this.#outbox;
    this.isTaking = leftBytes !== this.#leftBytes;
    this.#leftBytes = leftBytes;
    if (!isPaused && (waitingBytes === 0 || this.isTaking)) this.#stuckSinceMs = -1;
    else if (this.#stuckSinceMs < 0) this.#stuckSinceMs = nowMs;
    else if (nowMs - this.#stuckSinceMs > this.#broker.limits.stuckMsMax) {
      const why = `it was blocked for too long (${this.#broker.flow.blockedReason})`;
      return isPaused ? why : 'it does not read';
    }
    return undefined;
  }
}
