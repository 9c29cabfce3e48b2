// A WebSocket connection as a wire.

import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { joined } from '../../base/bytes.ts';
import type { OutputMessage, OutputMessages } from '../../protocols/protocol.ts';
import type { Wire } from '../wire.ts';
import { LaterTurns } from './later-turns.ts';
import { answerPings } from './server.ts';

/**
 * Maximum number of pings, pongs and empty messages that are read before other connections have their
 * turn. The protocol does not see them.
 */
const unseenFrameCountMax = 512;

/**
 * Maximum number of messages into which output is divided at once. Each takes some microseconds, and output
 * can consist of thousands of small frames.
 */
const messagesAtOnceMax = 64;

const laterTurns = new LaterTurns();

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
  /** Messages received before the first read, or while reading is paused. */
  #early: Buffer[] = [];
  #received: ((bytes: Buffer) => void) | undefined = undefined;
  /** Frames that the protocol has not seen. */
  #unseenFrameCount = 0;
  /** Reading pauses because of too many of them. */
  #isHeld = false;
  /** Reading was paused by the transport. */
  #isPaused = false;
  /** What was received meanwhile is passed on in the next turn. */
  #isContinuing = false;
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
      if (!this.#isPaused && !this.#isContinuing) this.#webSocket.resume();
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
    // The library passes on all messages of what was read at once, also after `pause`.
    const isEarly = this.#received === undefined || this.#isPaused || this.#early.length > 0;
    if (isEarly) this.#early.push(bytes);
    else this.#received?.(bytes);
  }

  /** Passes on what was received while reading was paused. The payloads are one byte stream. */
  #takeEarly(): void {
    if (this.#early.length === 0 || this.#received === undefined) return;
    const early = this.#early;
    this.#early = [];
    this.#received(joined(early));
  }

  #continueReading(): void {
    this.#isContinuing = false;
    if (this.#isPaused) return;
    this.#takeEarly();
    if (!this.#isPaused && !this.#isHeld) this.#webSocket.resume();
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
    const messages = outputMessages.split(bytes);
    const first = messages.next();
    // Without a message, it is kept until the rest of its message is written.
    if (first.done === true) queueMicrotask(written);
    else this.#sendSome(first.value, messages, written);
  }

  #sendSome(first: OutputMessage, others: Iterator<OutputMessage>, written: () => void): void {
    let message = first;
    // One record of TLS for all of them.
    this.#socket.cork();
    for (let count = 0; count < messagesAtOnceMax; count++) {
      const next = others.next();
      this.#send(message, next.done === true ? written : undefined);
      if (next.done === true) {
        this.#socket.uncork();
        return;
      }
      message = next.value;
    }
    this.#socket.uncork();
    laterTurns.add(() => this.#sendSome(message, others, written));
  }

  #send({ bytes, isText }: OutputMessage, written?: () => void): void {
    this.#webSocket.send(bytes, { binary: !isText }, written);
  }

  read(received: (bytes: Buffer) => void): void {
    this.#received = received;
    // The receiver of the first message may replace the receiver of the next one.
    for (let bytes = this.#early.shift(); bytes !== undefined; bytes = this.#early.shift()) {
      this.#received(bytes);
    }
  }

  onClose(closed: () => void): void {
    this.#webSocket.on('close', () => {
      this.#takeEarly();
      closed();
    });
  }

  pause(): void {
    this.#isPaused = true;
    this.#webSocket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#early.length === 0) {
      if (!this.#isHeld) this.#webSocket.resume();
    } else if (!this.#isContinuing) {
      // Not at once: the connection may be handling earlier bytes.
      this.#isContinuing = true;
      setImmediate(() => this.#continueReading());
    }
  }

  end(): void {
    this.#webSocket.close(goingAway);
  }

  destroy(): void {
    this.#webSocket.terminate();
  }
}
