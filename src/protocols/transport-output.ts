// What a connection has passed to its transport, for the output buffers of all protocols.

import type { Limits } from '../broker/limits.ts';
import type { Transport } from './protocol.ts';

/** The data of the broker that is needed here. */
export interface OutboxHost {
  /** Unread data of all peers together. */
  readonly unread: { bytes: number };
  readonly limits: Pick<Limits, 'unreadBytesSum' | 'deliveryBytesShare'>;
}

/**
 * Counts the data that a peer has not read. If all peers together have too much of it, deliveries to
 * a peer that has used its share stop until it has read it.
 */
export class TransportOutput {
  /** Whether deliveries are possible. */
  isWritable = true;
  /** Whether anything was written since this was last reset; for heartbeats. */
  hasWritten = false;
  /** Bytes that the transport has accepted but not sent yet. */
  waitingBytes = 0;
  /** Total number of bytes sent. */
  leftBytes = 0;
  protected readonly transport: Transport;
  protected readonly host: OutboxHost;
  protected isEnded = false;
  readonly #writableAgain: () => void;
  /** The transport has refused a write and is not writable yet. */
  #isTransportBehind = false;
  /** The peer has used its share of the unread data. */
  #isShareUsed = false;

  /**
   * @param writableAgain called when the peer has read so much of its share that deliveries can
   *   continue
   */
  constructor(transport: Transport, host: OutboxHost, writableAgain: () => void) {
    this.transport = transport;
    this.host = host;
    this.#writableAgain = writableAgain;
  }

  /** Whether all peers together have too much unread data. */
  protected get isCrowded(): boolean {
    return this.host.unread.bytes > this.host.limits.unreadBytesSum;
  }

  /** The transport is writable again. */
  resume(): void {
    this.#isTransportBehind = false;
    this.isWritable = !this.#isShareUsed;
  }

  /** Stops deliveries, regardless of the transport. */
  block(): void {
    this.#isTransportBehind = true;
    this.isWritable = false;
  }

  /**
   * Passes bytes to the transport.
   *
   * @param size the number of bytes
   * @param bytes must not change until they are released; or a function that makes them later
   */
  protected pass(size: number, bytes: Buffer | (() => Buffer), released: () => void): void {
    const { transport } = this;
    const { unread, limits } = this.host;
    const { isCrowded } = this;
    this.hasWritten = true;
    this.waitingBytes += size;
    unread.bytes += size;
    const sent = () => {
      released();
      if (!this.isEnded) this.#left(size);
    };
    let isReady: boolean;
    if (typeof bytes !== 'function') isReady = transport.write(bytes, sent);
    else isReady = transport.writeLater?.(size, bytes, sent) ?? transport.write(bytes(), sent);
    if (!isReady) this.block();
    if (isCrowded && this.waitingBytes > limits.deliveryBytesShare) {
      this.#isShareUsed = true;
      this.isWritable = false;
    }
  }

  #left(size: number): void {
    this.waitingBytes -= size;
    this.leftBytes += size;
    this.host.unread.bytes -= size;
    if (!this.#isShareUsed || this.waitingBytes > this.host.limits.deliveryBytesShare) return;
    this.#isShareUsed = false;
    if (this.#isTransportBehind) return;
    this.isWritable = true;
    this.#writableAgain();
  }

  /** The peer has disconnected: its unread data no longer counts. */
  end(): void {
    if (this.isEnded) return;
    this.#isShareUsed = false;
    this.#left(this.waitingBytes);
    this.isEnded = true;
  }
}
