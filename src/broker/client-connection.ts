// The client connections of a broker.

import type { ChannelInfo, ConnectionInfo, ConsumerInfo, SessionInfo } from './rabbitmq/model.ts';
import type { Access } from './users.ts';

/** What administration reads of a connection. */
export interface ConnectionInspector {
  /** Unique among open connections: `127.0.0.1:54321 -> 127.0.0.1:5671`. */
  readonly name: string;
  info(): ConnectionInfo;
  channels(): Iterable<ChannelInfo>;
  consumers(): Iterable<ConsumerInfo>;
  /** The sessions of AMQP 1.0; undefined for other protocols. */
  readonly sessions?: (() => Iterable<SessionInfo>) | undefined;
}

/** A connection that has opened a virtual host. */
export interface ClientConnection {
  readonly access: Access;
  /** The number of channels, or of the protocol's equivalent. */
  readonly channelCount: number;
  /** For example `127.0.0.1:54321`, for log lines. */
  readonly peerAddress?: string;
  /** The address that the client connected to, for log lines. */
  readonly localAddress?: string;
  /** The name of the protocol for people. */
  readonly protocolName?: string;
  /** The client ID, or its equivalent; empty or undefined if there is none. */
  readonly clientId?: string | undefined;
  /** Undefined if administration does not show the connections of the protocol. */
  readonly inspector?: ConnectionInspector | undefined;
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

/** Counts by name. Names with a count of 0 take no memory. */
class Counts {
  readonly #byName = new Map<string, number>();

  of(name: string): number {
    return this.#byName.get(name) ?? 0;
  }

  add(name: string, count: number): void {
    const sum = this.of(name) + count;
    if (sum === 0) this.#byName.delete(name);
    else this.#byName.set(name, sum);
  }
}

/** The connections that have opened a virtual host. */
export class ClientConnections extends Set<ClientConnection> {
  observer: ConnectionObserver | undefined = undefined;
  /** The connections whose credentials expire. */
  readonly expiring = new Set<ClientConnection>();
  readonly #ofUsers = new Counts();
  readonly #inVhosts = new Counts();
  readonly #channels = new Counts();
  /** The number of channels of all users, as far as the protocols count them. */
  channelCount = 0;
  /** The channels that were opened since the process started. */
  openedChannelCount = 0;
  /** The connections that were opened since the process started. */
  openedCount = 0;

  /** The number of connections of a user. */
  countOf(user: string): number {
    return this.#ofUsers.of(user);
  }

  /** The number of connections to a virtual host. */
  countIn(vhost: string): number {
    return this.#inVhosts.of(vhost);
  }

  /** The number of channels of a user, as far as the protocol counts them. */
  channelCountOf(user: string): number {
    return this.#channels.of(user);
  }

  /** Adds to the number of channels of a user. */
  countChannels(user: string, count: number): void {
    this.channelCount += count;
    if (count > 0) this.openedChannelCount += count;
    this.#channels.add(user, count);
  }

  #count({ access }: ClientConnection, count: number): void {
    this.#ofUsers.add(access.user, count);
    this.#inVhosts.add(access.vhost, count);
  }

  override add(connection: ClientConnection): this {
    const { size } = this;
    super.add(connection);
    if (this.size === size) return this;
    this.openedCount++;
    this.#count(connection, 1);
    if (connection.access.expiresAtMs !== Infinity) this.expiring.add(connection);
    this.observer?.opened(connection);
    return this;
  }

  override delete(connection: ClientConnection): boolean {
    const wasThere = super.delete(connection);
    if (!wasThere) return false;
    this.expiring.delete(connection);
    this.#count(connection, -1);
    this.observer?.closed(connection);
    return true;
  }
}
