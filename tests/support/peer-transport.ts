// A peer of a connection without a socket: the transport that the peers of all protocols share.

import type { Connection, Protocol, Transport } from '../../src/protocols/protocol.ts';

/** Collects what a connection writes. */
export abstract class PeerTransport implements Transport {
  readonly peerAddress = '127.0.0.1:1';
  readonly localAddress = '127.0.0.1:2';
  readonly tlsVersion = 'TLSv1.3';
  readonly connection: Connection;
  isClosed = false;
  isPaused = false;
  isAdmitted = false;
  /** The result of `write`. While it is false, written data stays unread. */
  takesMore = true;
  received: Buffer[] = [];
  #unread: (() => void)[] = [];

  constructor(protocol: Protocol) {
    this.connection = protocol.accept(this);
  }

  write(bytes: Buffer, released?: () => void): boolean {
    this.received.push(Buffer.from(bytes));
    if (released !== undefined) this.#unread.push(released);
    if (this.takesMore) this.read();
    return this.takesMore;
  }

  read(): void {
    for (const released of this.#unread.splice(0)) released();
  }

  /** Reads everything that was written, so that the connection may write more. */
  drain(): void {
    this.takesMore = true;
    this.read();
    this.connection.writable();
  }

  requestFlush(): void {}
  checksLogin(): void {}
  admit(): void {
    this.isAdmitted = true;
  }
  pause(): void {
    this.isPaused = true;
  }
  resume(): void {
    this.isPaused = false;
  }
  close(): void {
    this.isClosed = true;
  }
}
