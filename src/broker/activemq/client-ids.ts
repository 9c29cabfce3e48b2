// The client ids of connections, which are exclusive.

import { BrokerError } from '../errors.ts';

/** A connection with a client id. */
export interface Client {
  /** For example `127.0.0.1:54321`. */
  readonly peerAddress: string;
}

/** Maps each client id to the connection that uses it. */
export class ClientIds {
  readonly #clients = new Map<string, Client>();
  readonly #brokerName: string;

  constructor(brokerName: string) {
    this.#brokerName = brokerName;
  }

  /** @throws {BrokerError} `resource-locked` if another connection uses the id */
  take(clientId: string, client: Client): void {
    const found = this.#clients.get(clientId);
    if (found !== undefined && found !== client) {
      const where = `already connected from tcp://${found.peerAddress}`;
      const who = `Broker: ${this.#brokerName} - Client: ${clientId}`;
      throw new BrokerError('resource-locked', `${who} ${where}`);
    }
    this.#clients.set(clientId, client);
  }

  /** Releases the client id when the connection has ended. */
  release(clientId: string, client: Client): void {
    if (this.#clients.get(clientId) === client) this.#clients.delete(clientId);
  }
}
