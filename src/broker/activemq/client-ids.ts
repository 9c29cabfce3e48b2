import { BrokerError } from '../errors.ts';

/** A connection that has a client id. */
export interface Client {
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
}

/** Which connection has which client id: one at a time. */
export class ClientIds {
  readonly #clients = new Map<string, Client>();
  readonly #brokerName: string;

  constructor(brokerName: string) {
    this.#brokerName = brokerName;
  }

  /** @throws {BrokerError} `resource-locked` where another connection has it */
  take(clientId: string, client: Client): void {
    const found = this.#clients.get(clientId);
    if (found !== undefined && found !== client) {
      const where = `already connected from tcp://${found.peerAddress}`;
      const who = `Broker: ${this.#brokerName} - Client: ${clientId}`;
      throw new BrokerError('resource-locked', `${who} ${where}`);
    }
    this.#clients.set(clientId, client);
  }

  /** The connection has ended. */
  release(clientId: string, client: Client): void {
    if (this.#clients.get(clientId) === client) this.#clients.delete(clientId);
  }
}
