import type { TLSSocket } from 'node:tls';

/** A stream of bytes to and from one peer, as a transport drives it. */
export interface Wire {
  /** Whether it has ended: nothing more leaves. */
  readonly isGone: boolean;
  /** @param written called once the bytes are handed on and may be changed again */
  write(bytes: Buffer, written: () => void): void;
  /** Hands on what the peer sends, from now on. */
  read(received: (bytes: Buffer) => void): void;
  /** Calls back once when it has ended, whatever ended it. */
  onClose(closed: () => void): void;
  /** The client has logged in: limits for strangers hold no longer. */
  admit(): void;
  /** Stops reading from the peer. */
  pause(): void;
  resume(): void;
  /** Ends it after everything that was written. */
  end(): void;
  /** Ends it at once. */
  destroy(): void;
}

/** A TLS socket as a wire. */
export class SocketWire implements Wire {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy()); // a reset is an end like any other
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
    this.#socket.on('close', closed);
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
