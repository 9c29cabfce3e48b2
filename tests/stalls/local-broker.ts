// A broker in the process of the test.

import { rmSync } from 'node:fs';
import { type MeteredKind, type OpenedBroker, openBroker } from './opened-broker.ts';
import { OpenWireClient } from './openwire-client.ts';
import { secureSocket } from './secure-socket.ts';

/** A broker in the process of the test, for what is not measured. */
export class LocalBroker {
  readonly #opened: OpenedBroker;

  private constructor(opened: OpenedBroker) {
    this.#opened = opened;
  }

  static async open(kind: MeteredKind): Promise<LocalBroker> {
    return new LocalBroker(await openBroker(kind));
  }

  /** Where the listener of a protocol is. */
  address(protocol: string): { readonly port: number; readonly ca: string } {
    const { ports, authority } = this.#opened.running;
    return { port: ports[protocol] ?? 0, ca: authority };
  }

  /** @param connection the id of the connection, which others must not have */
  async openwire(connection: string): Promise<OpenWireClient> {
    const { port, ca } = this.address('openwire');
    return OpenWireClient.over(await secureSocket(port, ca), connection);
  }

  async stop(): Promise<void> {
    await this.#opened.broker.close('the test is over');
    rmSync(this.#opened.running.folder, { recursive: true });
  }
}
