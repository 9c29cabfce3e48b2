// The broker's side of a connection that comes from another thread of its process.

import type { MessagePort } from 'node:worker_threads';
import { internalUser, type User } from '../../../broker/users.ts';
import type { Connection, Transport } from '../../../protocols/protocol.ts';
import { forTransfer, type PortMessage } from '../../../transfer/shovels/port-stream.ts';

/** Bytes that the other thread has not taken, from which it counts as slow. */
const waitingBytesMax = 1024 * 1024;

interface Write {
  readonly sizeBytes: number;
  readonly released: (() => void) | undefined;
}

/** The transport of a connection from the thread of the shovels, which needs no log-in. */
export class PortTransport implements Transport {
  readonly peerAddress: string;
  readonly localAddress = 'shovel:0';
  readonly tlsVersion = '';
  readonly internalUser: User;
  readonly #port: MessagePort;
  #connection: Connection | undefined = undefined;
  #ended: () => void = () => {};
  /** Bytes that wait until the other thread has taken the previous ones. */
  #chunks: Uint8Array[] = [];
  #writes: Write[] = [];
  #sentWrites: Write[] = [];
  #isSending = false;
  #waitingBytes = 0;
  #isBehind = false;
  #isPaused = false;
  /** Received while paused. */
  #kept: Buffer | undefined = undefined;
  #isFlushDue = false;
  #isClosing = false;
  #isGone = false;

  /**
   * @param number distinguishes the connections of the shovels
   * @param vhost the only virtual host that the connection may open
   */
  constructor(port: MessagePort, number: number, vhost: string) {
    this.#port = port;
    this.peerAddress = `shovel:${number}`;
    this.internalUser = internalUser(vhost);
  }

  /** Connects both ends. `ended` is called once when the connection ends for any reason. */
  attach(connection: Connection, ended: () => void): void {
    this.#connection = connection;
    this.#port.on('message', (message: PortMessage) => this.#receive(message));
    this.#port.on('close', () => this.#end());
    this.#ended = ended;
  }

  #end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#connection?.ended();
    this.#ended();
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#end();
    this.#port.close();
  }

  #receive(message: PortMessage): void {
    if (this.#isGone) return;
    if ('bytes' in message) {
      const { buffer, byteOffset, length } = message.bytes;
      const bytes = Buffer.from(buffer, byteOffset, length);
      if (this.#isPaused) this.#kept = bytes;
      else this.#pass(bytes);
    } else if ('taken' in message) this.#taken();
    else this.#port.close();
  }

  #pass(bytes: Buffer): void {
    this.#connection?.receive(bytes);
    this.#post({ taken: true });
  }

  #post(message: PortMessage): void {
    if (!this.#isGone) this.#port.postMessage(message);
  }

  write(bytes: Buffer, released?: () => void): boolean {
    if (this.#isGone || this.#isClosing) {
      released?.();
      return true;
    }
    this.#chunks.push(bytes);
    this.#writes.push({ sizeBytes: bytes.length, released });
    this.#waitingBytes += bytes.length;
    this.#send();
    if (this.#waitingBytes > waitingBytesMax) this.#isBehind = true;
    return !this.#isBehind;
  }

  #send(): void {
    if (this.#isSending || this.#chunks.length === 0) return;
    this.#isSending = true;
    const bytes = forTransfer(this.#chunks);
    this.#chunks = [];
    this.#sentWrites = this.#writes;
    this.#writes = [];
    if (!this.#isGone) this.#port.postMessage({ bytes }, [bytes.buffer]);
  }

  #taken(): void {
    this.#isSending = false;
    const sent = this.#sentWrites;
    this.#sentWrites = [];
    for (const { sizeBytes, released } of sent) {
      this.#waitingBytes -= sizeBytes;
      released?.();
    }
    this.#send();
    if (this.#isClosing && !this.#isSending) this.#finish();
    if (!this.#isBehind || this.#waitingBytes * 2 > waitingBytesMax) return;
    this.#isBehind = false;
    this.#connection?.writable();
  }

  requestFlush(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      if (!this.#isGone) this.#connection?.flush();
    });
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const kept = this.#kept;
    this.#kept = undefined;
    // Not at once: the connection may be in the middle of handling something.
    if (kept !== undefined) setImmediate(() => this.#resumed(kept));
  }

  #resumed(bytes: Buffer): void {
    if (this.#isGone) return;
    if (this.#isPaused) this.#kept = bytes;
    else this.#pass(bytes);
  }

  checksLogin(): void {}

  admit(): void {}

  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    if (!this.#isSending) this.#finish();
  }

  #finish(): void {
    this.#post({ end: true });
    this.#port.close();
  }

  /** Called twice a second. */
  tick(nowMs: number): void {
    this.#connection?.tick(nowMs);
  }
}
