// The connections, channels and consumers of a broker.

import type { Broker } from '../broker.ts';
import type { ClientConnection } from '../client-connection.ts';
import { BrokerError } from '../errors.ts';
import type { ChannelInfo, ConnectionInfo, ConsumerInfo } from './model.ts';

/** Selects connections. What is left out matches any. */
export interface ConnectionFilter {
  readonly user?: string;
  readonly vhost?: string;
}

/** Lists and closes the connections of clients. Lists are read lazily, one object at a time. */
export class Inspection {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Connections that have opened a virtual host. */
  *connections(filter: ConnectionFilter = {}): Generator<ConnectionInfo> {
    for (const { inspector } of this.#selected(filter)) {
      if (inspector !== undefined) yield inspector.info();
    }
  }

  /** @returns undefined if there is no such connection */
  connection(name: string): ConnectionInfo | undefined {
    return this.#found(name)?.inspector?.info();
  }

  /**
   * Closes a connection. The client receives `CONNECTION_FORCED` with the reason.
   *
   * @throws {BrokerError} `not-found`
   */
  close(name: string, reason: string): void {
    const found = this.#found(name);
    if (found === undefined) throw new BrokerError('not-found', `no connection '${name}'`);
    found.shutdown(reason);
  }

  /** The channels of all connections, or of those that match. */
  *channels(filter: ConnectionFilter = {}): Generator<ChannelInfo> {
    for (const { inspector } of this.#selected(filter)) yield* inspector?.channels() ?? [];
  }

  /** The channels of a connection; undefined if there is no such connection. */
  channelsOf(connectionName: string): Iterable<ChannelInfo> | undefined {
    return this.#found(connectionName)?.inspector?.channels();
  }

  /** @returns undefined if there is no such channel */
  channel(name: string): ChannelInfo | undefined {
    const end = name.lastIndexOf(' (');
    for (const channel of this.channelsOf(name.slice(0, Math.max(0, end))) ?? []) {
      if (channel.name === name) return channel;
    }
    return undefined;
  }

  /** The consumers of all channels, or of those whose connections match. */
  *consumers(filter: ConnectionFilter = {}): Generator<ConsumerInfo> {
    for (const { inspector } of this.#selected(filter)) yield* inspector?.consumers() ?? [];
  }

  *#selected({ user, vhost }: ConnectionFilter): Generator<ClientConnection> {
    for (const connection of this.#broker.clientConnections) {
      const { access } = connection;
      if (user !== undefined && user !== access.user) continue;
      if (vhost === undefined || vhost === access.vhost) yield connection;
    }
  }

  #found(name: string): ClientConnection | undefined {
    for (const connection of this.#broker.clientConnections) {
      const { peerAddress = '' } = connection;
      if (name.startsWith(peerAddress) && connection.inspector?.name === name) return connection;
    }
    return undefined;
  }
}
