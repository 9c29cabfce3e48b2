// The client connections of a broker.

import type { Access } from './users.ts';

/** A connection that has opened a virtual host. */
export interface ClientConnection {
  readonly access: Access;
  /** The number of channels, or of the protocol's equivalent. */
  readonly channelCount: number;
  /** For example `127.0.0.1:54321`, for log lines. */
  readonly peerAddress?: string;
  /** The address that the client connected to, for log lines. */
  readonly localAddress?: string;
  /** Disconnects the client with a reason. */
  shutdown(reason: string): void;
}

/** Is told about connections, for log lines. Must not throw. */
export interface ConnectionObserver {
  /** A client has logged in and opened a virtual host. */
  opened(connection: ClientConnection): void;
  closed(connection: ClientConnection): void;
  /**
   * A channel was closed because of an error of the client.
   *
   * @param connection the channel's connection
   * @param operation the operation that failed, such as `queue.declare`
   * @param code the error, such as `not_found`
   */
  channelFailed(
    connection: object,
    channel: number,
    operation: string,
    code: string,
    text: string,
  ): void;
}

/** The connections that have opened a virtual host. */
export class ClientConnections extends Set<ClientConnection> {
  observer: ConnectionObserver | undefined = undefined;

  override add(connection: ClientConnection): this {
    const { size } = this;
    super.add(connection);
    if (this.size > size) this.observer?.opened(connection);
    return this;
  }

  override delete(connection: ClientConnection): boolean {
    const wasThere = super.delete(connection);
    if (wasThere) this.observer?.closed(connection);
    return wasThere;
  }
}
