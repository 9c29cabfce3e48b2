import type { Broker } from '../../broker/broker.ts';
import type { PeerOutbox } from '../peer-outbox.ts';
import type { Answers } from './answers.ts';

/** What is held for a peer: one for which too much is held is not read from, or is given up. */
export class PeerWatch {
  readonly #broker: Broker;
  readonly #outbox: PeerOutbox;
  readonly #answers: Answers;
  /** Whether the peer had taken anything at the last tick since the one before. */
  isTaking = false;
  #leftBytes = 0;
  /** Since when nothing has gone forward; -1 where it does. */
  #stuckSinceMs = -1;

  constructor(broker: Broker, outbox: PeerOutbox, answers: Answers) {
    this.#broker = broker;
    this.#outbox = outbox;
    this.#answers = answers;
  }

  /** Whether nothing more is to be read from the peer before it has taken what is there. */
  get isBehind(): boolean {
    const { limits, unread } = this.#broker;
    const { waitingBytes } = this.#outbox;
    if (this.#answers.heldBytes > limits.heldBytesMax) return true;
    if (waitingBytes > limits.bodyBytesMax + limits.unreadBytesMax) return true;
    return waitingBytes > limits.unreadBytesShare && unread.bytes > limits.unreadBytesSum;
  }

  /**
   * @param isPaused the broker makes the peer wait
   * @returns why the connection is to be closed, where it has been stuck for too long
   */
  tick(nowMs: number, isPaused: boolean): string | undefined {
    const { leftBytes, waitingBytes } = this.#outbox;
    this.isTaking = leftBytes !== this.#leftBytes;
    this.#leftBytes = leftBytes;
    if (!isPaused && (waitingBytes === 0 || this.isTaking)) this.#stuckSinceMs = -1;
    else if (this.#stuckSinceMs < 0) this.#stuckSinceMs = nowMs;
    else if (nowMs - this.#stuckSinceMs > this.#broker.limits.stuckMsMax) {
      const why = `it had to wait too long (${this.#broker.flow.blockedReason})`;
      return isPaused ? why : 'it takes nothing';
    }
    return undefined;
  }
}
