// A STOMP client.

import type { Duplex } from 'node:stream';
import { until } from '../support/processes.ts';
import { textFrame } from '../support/stomp-peer.ts';
import { writeAll } from './secure-socket.ts';

/** Characters of what has come that are kept. */
const tailLength = 10_000;

/** Milliseconds for an answer. */
const answerMs = 120_000;

/** A STOMP client that counts what it gets. */
export class StompClient {
  readonly #socket: Duplex;
  /** The end of what has come. */
  tail = '';
  receivedBytes = 0;
  #callCount = 0;

  private constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.receivedBytes += bytes.length;
      this.tail = (this.tail + bytes.toString('latin1')).slice(-tailLength);
    });
  }

  /** A client that has logged in. */
  static async over(socket: Duplex): Promise<StompClient> {
    const client = new StompClient(socket);
    await client.send('CONNECT', {
      'accept-version': '1.2',
      host: '/',
      login: 'guest',
      passcode: 'guest',
    });
    await until('it is connected', () => client.tail.startsWith('CONNECTED'));
    return client;
  }

  async send(command: string, headers: Readonly<Record<string, string>>, body = ''): Promise<void> {
    await this.write(textFrame(command, headers, body));
  }

  /** Sends a frame, and waits for its RECEIPT. */
  async call(command: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const receipt = `call-${++this.#callCount}`;
    await this.send(command, { ...headers, receipt });
    const answer = `receipt-id:${receipt}\n`;
    await until(`${command} is answered`, () => this.tail.includes(answer), answerMs);
  }

  async write(frames: string): Promise<void> {
    await writeAll(this.#socket, Buffer.from(frames));
  }

  cut(): void {
    this.#socket.destroy();
  }
}
