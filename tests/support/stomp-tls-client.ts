// A STOMP client over TLS.

import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { type ReceivedFrame, readFrames, textFrame } from './stomp-peer.ts';

/** The address of a server. */
export interface StompPort {
  readonly port: number;
  /** The certificate to trust, PEM. */
  readonly ca: string;
}

/** A STOMP 1.2 client over TLS. */
export class StompTlsClient {
  readonly #socket: TLSSocket;
  #bytes = Buffer.alloc(0);

  private constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
    });
  }

  /** Connects and logs in; the answer is the first of {@link frames}. */
  static async connect(
    { port, ca }: StompPort,
    login: string,
    passcode: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca });
    await once(socket, 'secureConnect');
    const client = new StompTlsClient(socket);
    client.send('CONNECT', { 'accept-version': '1.2', login, passcode, ...headers });
    return client;
  }

  send(command: string, headers: Record<string, string> = {}, body = ''): void {
    this.#socket.write(textFrame(command, headers, body));
  }

  /** Returns the received frames when the given number has arrived. */
  async frames(count: number): Promise<ReceivedFrame[]> {
    for (;;) {
      const end = this.#bytes.lastIndexOf('\0') + 1;
      const frames = readFrames(this.#bytes.subarray(0, end), '1.2');
      if (frames.length >= count) {
        this.#bytes = this.#bytes.subarray(end);
        return frames;
      }
      if (this.#socket.destroyed)
        throw new Error(`closed after ${frames.length} of ${count} frames`);
      await this.#change();
    }
  }

  /** Waits for data, or for the end of the connection. */
  async #change(): Promise<void> {
    const over = new AbortController();
    const { signal } = over;
    const changes = ['data', 'close'].map((event) => once(this.#socket, event, { signal }));
    for (const change of changes) change.catch(() => {});
    await Promise.race(changes);
    over.abort();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
