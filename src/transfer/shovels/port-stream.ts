// A byte stream over a message port, for connections between threads of one process.

import { Duplex } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';

/** A message on the port. Each side sends the next bytes after the other has taken the previous. */
export type PortMessage =
  | { readonly bytes: Uint8Array }
  /** The previous bytes were taken. */
  | { readonly taken: true }
  /** The sender has ended the stream. */
  | { readonly end: true };

/** A copy that can be given to another thread without a further copy. */
export function forTransfer(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  const copy = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    copy.set(chunk, at);
    at += chunk.length;
  }
  return copy;
}

/** The side of a client. */
export class PortStream extends Duplex {
  readonly #port: MessagePort;
  #written: ((error?: Error | null) => void) | undefined = undefined;
  /** Whether bytes of the other side have arrived that the reader has not asked for. */
  #isOwing = false;

  constructor(port: MessagePort) {
    super({ writableHighWaterMark: 256 * 1024 });
    this.#port = port;
    port.on('message', (message: PortMessage) => this.#receive(message));
    port.on('close', () => this.destroy());
  }

  #receive(message: PortMessage): void {
    if ('bytes' in message) {
      const { buffer, byteOffset, length } = message.bytes;
      if (this.push(Buffer.from(buffer, byteOffset, length))) this.#post({ taken: true });
      else this.#isOwing = true;
    } else if ('taken' in message) {
      const written = this.#written;
      this.#written = undefined;
      written?.();
    } else {
      this.push(null);
      this.destroy();
    }
  }

  #post(message: PortMessage): void {
    this.#port.postMessage(message);
  }

  override _read(): void {
    if (!this.#isOwing) return;
    this.#isOwing = false;
    this.#post({ taken: true });
  }

  override _write(chunk: Buffer, _: string, written: (error?: Error | null) => void): void {
    this.#send([chunk], written);
  }

  override _writev(
    chunks: { readonly chunk: Buffer }[],
    written: (error?: Error | null) => void,
  ): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      written,
    );
  }

  #send(chunks: readonly Buffer[], written: (error?: Error | null) => void): void {
    const bytes = forTransfer(chunks);
    this.#written = written;
    this.#port.postMessage({ bytes }, [bytes.buffer]);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#post({ end: true });
    this.#port.close();
    const written = this.#written;
    this.#written = undefined;
    written?.();
    done(error);
  }
}
