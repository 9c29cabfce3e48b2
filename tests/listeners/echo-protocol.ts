// A protocol that echoes, for tests of listeners.

import type { Connection, Protocol, Recognition, Transport } from '../../src/protocols/protocol.ts';

/** Sends back what it is sent, to clients that begin with its header. */
class EchoConnection implements Connection {
  readonly #transport: Transport;
  readonly peerAddress: string;
  isEnded = false;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.peerAddress = transport.peerAddress;
    transport.admit();
  }

  receive(bytes: Buffer): void {
    this.#transport.write(bytes);
  }
  writable(): void {}
  tick(): void {}
  flush(): void {}
  ended(): void {
    this.isEnded = true;
  }
  shutdown(): void {
    this.#transport.close();
  }
}

/** A protocol that stands for one that does not exist yet: known by its header, it echoes. */
export class EchoProtocol implements Protocol {
  readonly name: string;
  readonly subprotocols: readonly string[];
  readonly connections: EchoConnection[] = [];
  readonly #headers: readonly Buffer[];

  constructor(name: string, headers: readonly Buffer[], subprotocols: readonly string[] = []) {
    this.name = name;
    this.#headers = headers;
    this.subprotocols = subprotocols;
  }

  recognizes(bytes: Buffer): Recognition {
    let recognition: Recognition = 'no';
    for (const header of this.#headers) {
      const size = Math.min(bytes.length, header.length);
      if (bytes.compare(header, 0, size, 0, size) !== 0) continue;
      if (size === header.length) return 'yes';
      recognition = 'maybe';
    }
    return recognition;
  }

  accept(transport: Transport): Connection {
    const connection = new EchoConnection(transport);
    this.connections.push(connection);
    return connection;
  }
}
