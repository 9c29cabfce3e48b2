// A STOMP client.

import type { Duplex } from 'node:stream';
import { until } from '../support/processes.ts';
import { textFrame } from '../support/stomp-peer.ts';
import { writeAll } from './secure-socket.ts';

/** A STOMP client that counts what it gets. */
export class StompClient {
  readonly #socket: Duplex;
  #text = '';
  receivedBytes = 0;

  private constructor(socket: Duplex) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.receivedBytes += bytes.length;
      if (this.#text.length < 10_000) this.#text += bytes.toString('latin1', 0, 10_000);
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
    await until('it is connected', () => client.#text.startsWith('CONNECTED'));
    return client;
  }

  async send(command: string, headers: Readonly<Record<string, string>>, body = ''): Promise<void> {
    await writeAll(this.#socket, Buffer.from(textFrame(command, headers, body)));
  }
}
