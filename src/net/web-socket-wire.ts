import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Wire } from './wire.ts';

/** Close code of a server that goes away (RFC 6455, 7.4.1). */
const goingAway = 1001;

/**
 * A WebSocket connection as a wire: the payload of each message is a piece of the stream, as the
 * MQTT and AMQP bindings for WebSocket have it. Pieces may be cut anywhere.
 */
export class WebSocketWire implements Wire {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  /** What came before anybody read. */
  readonly #early: Buffer[] = [];
  #received: ((bytes: Buffer) => void) | undefined = undefined;
  #isPongDue = false;
  /** Bytes that may still come before the client has logged in. */
  #strangerBytesLeft: number;
  readonly #count = (bytes: Buffer): void => {
    this.#strangerBytesLeft -= bytes.length;
    if (this.#strangerBytesLeft < 0) this.#socket.destroy();
  };

  /**
   * @param socket what the WebSocket connection runs on
   * @param strangerBytesMax bytes that may come before the client has logged in, so that no large
   *   message is gathered for a stranger
   */
  constructor(webSocket: WebSocket, socket: Duplex, strangerBytesMax: number) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#strangerBytesLeft = strangerBytesMax;
    socket.on('data', this.#count);
    webSocket.on('error', () => socket.destroy());
    // The library hands on one buffer where `binaryType` is `nodebuffer`, which it is at first.
    webSocket.on('message', (data) => this.#take(data as Buffer));
    webSocket.on('ping', (data) => this.#pong(data));
  }

  #take(bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (this.#received === undefined) this.#early.push(bytes);
    else this.#received(bytes);
  }

  /** One at a time, so that a peer that pings and does not read is not answered without a limit. */
  #pong(data: Buffer): void {
    if (this.#isPongDue) return;
    this.#isPongDue = true;
    this.#webSocket.pong(data, false, () => {
      this.#isPongDue = false;
    });
  }

  admit(): void {
    this.#socket.off('data', this.#count);
  }

  get isGone(): boolean {
    return this.#webSocket.readyState !== this.#webSocket.OPEN;
  }

  write(bytes: Buffer, written: () => void): void {
    this.#webSocket.send(bytes, written);
  }

  read(received: (bytes: Buffer) => void): void {
    this.#received = received;
    // Whoever is handed the first may have another one read the next.
    for (let bytes = this.#early.shift(); bytes !== undefined; bytes = this.#early.shift()) {
      this.#received(bytes);
    }
  }

  onClose(closed: () => void): void {
    this.#webSocket.on('close', closed);
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  end(): void {
    this.#webSocket.close(goingAway);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
