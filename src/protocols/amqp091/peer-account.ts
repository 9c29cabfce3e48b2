// Accounting of the memory used for a peer.

import type { Broker } from '../../broker/broker.ts';
import { AmqpError } from './errors.ts';
import type { Outbox } from './outbox.ts';

/** The size that a pending answer counts, in addition to a message in it. */
export const answerBytes = 256;

/**
 * The memory that a connection uses for its peer, in bytes. Reading from a peer above the limit
 * stops until it has read some data, and a peer that reads nothing for long is disconnected.
 */
export class PeerAccount {
  /** Answers that wait for the log, for the peer, or for earlier answers. */
  heldBytes = 0;
  /** Whether the peer has read anything between the last two ticks. */
  isTaking = false;
  /** Size of incomplete bodies. */
  #unfinishedBytes = 0;
  readonly #broker: Broker;
  readonly #outbox: Outbox;
  #leftBytes = 0;
  /** The start of a period without progress; -1 if there is progress. */
  #stuckSinceMs = -1;

  constructor(broker: Broker, outbox: Outbox) {
    this.#broker = broker;
    this.#outbox = outbox;
  }

  /** Whether reading from the peer must stop until it has read some data. */
  get isBehind(): boolean {
    const { bodyBytesMax, unreadBytesMax, heldBytesMax } = this.#broker.limits;
    if (this.heldBytes > heldBytesMax) return true;
    const { waitingBytes } = this.#outbox;
    return waitingBytes > bodyBytesMax + unreadBytesMax || this.#isShareUsed;
  }

  /** Whether all peers together have too much unread data, and this one has its share of it. */
  get #isShareUsed(): boolean {
    const { unreadBytesSum, unreadBytesShare } = this.#broker.limits;
    return (
      this.#outbox.waitingBytes > unreadBytesShare && this.#broker.unread.bytes > unreadBytesSum
    );
  }

  /** Whether another message may be stored for the peer. */
  get hasRoom(): boolean {
    const { unreadBytesMax, heldBytesMax } = this.#broker.limits;
    if (this.#isShareUsed) return false;
    return this.#outbox.waitingBytes <= unreadBytesMax && this.heldBytes <= heldBytesMax;
  }

  /**
   * Counts a part of an incomplete body.
   *
   * @throws {AmqpError} 'resource-error' if the peer has too many incomplete messages
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

  /** A body is complete, or was abandoned. */
  removeUnfinished(bytes: number): void {
    this.#unfinishedBytes -= bytes;
  }

  /**
   * Call it once a second.
   *
   * @param isPaused whether the broker blocks the peer
   * @returns the error for closing the connection if there was no progress for too long
   */
  tick(nowMs: number, isPaused: boolean): AmqpError | undefined {
    const { leftBytes, waitingBytes } = this.#outbox;
    this.isTaking = leftBytes !== this.#leftBytes;
    this.#leftBytes = leftBytes;
    if (!isPaused && (waitingBytes === 0 || this.isTaking)) this.#stuckSinceMs = -1;
    else if (this.#stuckSinceMs < 0) this.#stuckSinceMs = nowMs;
    else if (nowMs - this.#stuckSinceMs > this.#broker.limits.stuckMsMax) {
      const why = `it was blocked for too long (${this.#broker.flow.blockedReason})`;
      return new AmqpError('connection-forced', isPaused ? why : 'it does not read');
    }
    return undefined;
  }
}
