// A port that forwards to another one of this machine, and keeps what it saw.

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Bytes that are kept of each direction of each connection. */
const keptMax = 4 * 1024 * 1024;

/** What passed in one direction of a connection. */
export interface Passed {
  bytes: Buffer;
}

/** A recording relay. */
export class RecordingRelay {
  readonly port: number;
  /** Two for each connection: from and to the client. */
  readonly passed: Passed[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (client: Socket) => {
      const other = connect(target, '127.0.0.1');
      this.#forward(client, other);
      this.#forward(other, client);
    });
  }

  static async to(target: number): Promise<RecordingRelay> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RecordingRelay(server, target);
  }

  #forward(from: Socket, to: Socket): void {
    const kept: Passed = { bytes: Buffer.alloc(0) };
    this.passed.push(kept);
    this.#sockets.add(from);
    from.on('data', (chunk: Buffer) => {
      if (kept.bytes.length < keptMax) kept.bytes = Buffer.concat([kept.bytes, chunk]);
      to.write(chunk);
    });
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
