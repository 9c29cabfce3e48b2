// The interface between a transport and its socket.

import type { TLSSocket } from 'node:tls';

/** A byte stream to and from one peer. */
export interface Wire {
  /** Whether the wire has ended, so that nothing more can be sent. */
  readonly isGone: boolean;
  /** @param written called once the bytes have been passed on and the buffer may be reused */
  write(bytes: Buffer, written: () => void): void;
  /** Sets the receiver of the peer's data. */
  read(received: (bytes: Buffer) => void): void;
  /** Calls back once when the wire has ended for any reason. */
  onClose(closed: () => void): void;
  /** The client has logged in. The limits for unauthenticated clients no longer apply. */
  admit(): void;
  /** Stops reading from the peer. */
  pause(): void;
  resume(): void;
  /** Ends the wire after everything that was written. */
  end(): void;
  /** Ends the wire immediately. */
  destroy(): void;
}

/** A TLS socket as a wire. */
export class SocketWire implements Wire {
  readonly #socket: TLSSocket;

  /** @param socket without delay (`TCP_NODELAY`), with a listener for errors */
  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  get isGone(): boolean {
    return this.#socket.destroyed;
  }

  write(bytes: Buffer, written: () => void): void {
    this.#socket.write(bytes, written);
  }

  read(received: (bytes: Buffer) => void): void {
    this.#socket.on('data', received);
  }

  onClose(closed: () => void): void {
    const socket = this.#socket;
    socket.on('close', () => {
      // Node keeps a closed TLS socket until a full collection, with everything that listens to it.
      socket.removeAllListeners('data');
      socket.removeAllListeners('close');
      closed();
    });
  }

  admit(): void {}

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
