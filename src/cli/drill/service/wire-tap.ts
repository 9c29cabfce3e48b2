// A tapped line: it forwards connections and records their bytes.

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Forwards connections to a port of this machine, and records all bytes in both directions. */
export class WireTap {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #recorded: Buffer[] = [];

  private constructor(target: number) {
    this.#server = createServer((from) => {
      const to = connect(target, '127.0.0.1');
      this.#forward(from, to);
      this.#forward(to, from);
    });
  }

  /** @param target the port to forward to */
  static async open(target: number): Promise<WireTap> {
    const tap = new WireTap(target);
    await new Promise<void>((resolve, reject) => {
      tap.#server.once('error', reject);
      tap.#server.listen(0, '127.0.0.1', resolve);
    });
    return tap;
  }

  /** The port to connect to. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on a port
  }

  #forward(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.on('data', (bytes) => {
      this.#recorded.push(bytes);
      to.write(bytes);
    });
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }

  /** All bytes so far. */
  bytes(): Buffer {
    return Buffer.concat(this.#recorded);
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
