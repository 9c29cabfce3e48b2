import type { Broker } from '../../broker/broker.ts';
import { AmqpError } from './errors.ts';
import type { Outbox } from './outbox.ts';

/** Bytes that an answer which is not said yet is counted as, besides those of a message in it. */
export const answerBytes = 256;

/**
 * What a connection holds for its peer, in bytes. A peer for which too much is held is not read from
 * until it has taken some of it, and one that takes nothing for long is given up.
 */
export class PeerAccount {
  /** Answers that wait for the log, for the peer, or for those before them. */
  heldBytes = 0;
  /** Whether the peer had taken anything at the last tick since the one before. */
  isTaking = false;
  /** Bodies of messages of which a part is still to come. */
  #unfinishedBytes = 0;
  readonly #broker: Broker;
  readonly #outbox: Outbox;
  #leftBytes = 0;
  /** Since when nothing has gone forward; -1 where it does. */
  #stuckSinceMs = -1;

  constructor(broker: Broker, outbox: Outbox) {
    this.#broker = broker;
    this.#outbox = outbox;
  }

  /** Whether nothing more is to be read from the peer before it has taken what is there. */
  get isBehind(): boolean {
    const { bodyBytesMax, unreadBytesMax, heldBytesMax } = this.#broker.limits;
    if (this.heldBytes > heldBytesMax) return true;
    const { waitingBytes } = this.#outbox;
    return waitingBytes > bodyBytesMax + unreadBytesMax || this.#isShareUsed;
  }

  /** Whether all peers together have left too much unread, and this one has its share of it. */
  get #isShareUsed(): boolean {
    const { unreadBytesSum, unreadBytesShare } = this.#broker.limits;
    return (
      this.#outbox.waitingBytes > unreadBytesShare && this.#broker.unread.bytes > unreadBytesSum
    );
  }

  /** Whether another message may be kept for the peer. */
  get hasRoom(): boolean {
    const { unreadBytesMax, heldBytesMax } = this.#broker.limits;
    if (this.#isShareUsed) return false;
    return this.#outbox.waitingBytes <= unreadBytesMax && this.heldBytes <= heldBytesMax;
  }

  /**
   * Counts a part of a body that is not complete.
   *
   * @throws {AmqpError} 'resource-error' where the peer has begun too many messages at a time
   */
  addUnfinished(bytes: number): void {
    this.#unfinishedBytes += bytes;
    const { bodyBytesMax, unfinishedBytesMax } = this.#broker.limits;
    const allowed = bodyBytesMax + unfinishedBytesMax;
    if (this.#unfinishedBytes <= allowed) return;
    throw new AmqpError(
      'resource-error',
      `${this.#unfinishedBytes} bytes of messages that are not complete on all channels, ` +
        `at most ${allowed} are allowed`,
    );
  }

  /** A body is complete, or nobody waits for the rest of it. */
  removeUnfinished(bytes: number): void {
    this.#unfinishedBytes -= bytes;
  }

  /**
   * Once a second.
   *
   * @param isPaused the broker makes the peer wait
   * @returns why the connection is to be closed, where it has been stuck for too long
   */
  tick(nowMs: number, isPaused: boolean): AmqpError | undefined {
    const { leftBytes, waitingBytes } = this.#outbox;
    this.isTaking = leftBytes !== this.#leftBytes;
    this.#leftBytes = leftBytes;
    if (!isPaused && (waitingBytes === 0 || this.isTaking)) this.#stuckSinceMs = -1;
    else if (this.#stuckSinceMs < 0) this.#stuckSinceMs = nowMs;
    else if (nowMs - this.#stuckSinceMs > this.#broker.limits.stuckMsMax) {
      const why = `it had to wait too long (${this.#broker.flow.blockedReason})`;
      return new AmqpError('connection-forced', isPaused ? why : 'it takes nothing');
    }
    return undefined;
  }
}
