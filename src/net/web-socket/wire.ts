// A WebSocket connection as a wire.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { OutputMessages } from '../../protocols/protocol.ts';
import type { Wire } from '../wire.ts';
import { answerPings } from './server.ts';

/**
 * Maximum number of pings, pongs and empty messages that are read before other connections have their
 * turn. The protocol does not see them.
 */
const unseenFrameCountMax = 512;

/** The close code of a server that shuts down (RFC 6455, 7.4.1). */
const goingAway = 1001;

/** The close code for a type of message that is not accepted (RFC 6455, 7.4.1). */
const unsupportedData = 1003;

/**
 * A WebSocket connection as a wire. The payload of each message is a part of the byte stream, as in
 * the WebSocket bindings of MQTT and AMQP. Messages of clients may be split anywhere.
 */
export class WebSocketWire implements Wire {
  /** Whether a text message ends the connection. */
  takesOnlyBinary = false;
  /** Divides the output into messages; undefined for one binary message for each write. */
  outputMessages: OutputMessages | undefined = undefined;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  /** Messages received before the first read. */
  readonly #early: Buffer[] = [];
  #received: ((bytes: Buffer) => void) | undefined = undefined;
  /** Frames that the protocol has not seen. */
  #unseenFrameCount = 0;
  /** Reading pauses because of too many of them. */
  #isHeld = false;
  /** Reading was paused by the transport. */
  #isPaused = false;
  /** Remaining bytes that the client may send before it has logged in. */
  #unauthenticatedBytesLeft: number;
  readonly #count = (bytes: Buffer): void => {
    this.#unauthenticatedBytesLeft -= bytes.length;
    if (this.#unauthenticatedBytesLeft < 0) this.#socket.destroy();
  };

  /**
   * @param socket the socket below the WebSocket connection
   * @param unauthenticatedBytesMax maximum number of bytes before the client has logged in, so that
   *   no large message is gathered for an unauthenticated client
   */
  constructor(webSocket: WebSocket, socket: Duplex, unauthenticatedBytesMax: number) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.#unauthenticatedBytesLeft = unauthenticatedBytesMax;
    socket.on('data', this.#count);
    webSocket.on('error', () => socket.destroy());
    // The library passes a Buffer, because `binaryType` is `nodebuffer` by default.
    webSocket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    answerPings(webSocket);
    webSocket.on('ping', () => this.#unseen());
    webSocket.on('pong', () => this.#unseen());
  }

  /** Many frames fit into what is received at once, each of which takes some microseconds. */
  #unseen(): void {
    if (++this.#unseenFrameCount < unseenFrameCountMax || this.#isHeld) return;
    this.#isHeld = true;
    this.#webSocket.pause();
    setImmediate(() => {
      this.#isHeld = false;
      this.#unseenFrameCount = 0;
      if (!this.#isPaused) this.#webSocket.resume();
    });
  }

  #take(bytes: Buffer, isBinary: boolean): void {
    if (!isBinary && this.takesOnlyBinary) {
      this.#webSocket.close(unsupportedData);
      return;
    }
    if (bytes.length === 0) {
      this.#unseen();
      return;
    }
    if (this.#received === undefined) this.#early.push(bytes);
    else this.#received(bytes);
  }

  admit(): void {
    this.#socket.off('data', this.#count);
  }

  get isGone(): boolean {
    return this.#webSocket.readyState !== this.#webSocket.OPEN;
  }

  write(bytes: Buffer, written: () => void): void {
    const { outputMessages } = this;
    if (outputMessages === undefined) {
      this.#webSocket.send(bytes, written);
      return;
    }
    const messages: { readonly message: Buffer; readonly isText: boolean }[] = [];
    outputMessages.split(bytes, (message, isText) => messages.push({ message, isText }));
    const last = messages.pop();
    if (last === undefined) {
      // It is kept until the rest of its message is written.
      queueMicrotask(written);
      return;
    }
    // One record of TLS for all of them.
    this.#socket.cork();
    for (const { message, isText } of messages) this.#send(message, isText);
    this.#send(last.message, last.isText, written);
    this.#socket.uncork();
  }

  #send(message: Buffer, isText: boolean, written?: () => void): void {
    this.#webSocket.send(message, { binary: !isText }, written);
  }

  read(received: (bytes: Buffer) => void): void {
    this.#received = received;
    // The receiver of the first message may replace the receiver of the next one.
    for (let bytes = this.#early.shift(); bytes !== undefined; bytes = this.#early.shift()) {
      this.#received(bytes);
    }
  }

  onClose(closed: () => void): void {
    this.#webSocket.on('close', closed);
  }

  pause(): void {
    this.#isPaused = true;
    this.#webSocket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isHeld) this.#webSocket.resume();
  }

  end(): void {
    this.#webSocket.close(goingAway);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
