// The log-in: ConnectionInfo.

import type { ActiveMq } from '../../broker/activemq/activemq.ts';
import type { Client } from '../../broker/activemq/client-ids.ts';
import type { LoginAttempt } from '../../broker/logins/logins.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Transport } from '../protocol.ts';
import { type ConnectionInfo, types } from './codec/commands.gen.ts';
import { OpenWireError, refusal, withClass } from './errors.ts';
import { idText, requireId, requireShort } from './ids.ts';
import type { OpenConnection, SharedState } from './shared-state.ts';

/** The beginning of the ids of connections that the broker names. */
const ownPrefix = 'ID:waxwing-';

/** The commands of a client that has not logged in. */
const openingTypes: ReadonlySet<number> = new Set([
  types.ConnectionInfo,
  types.KeepAliveInfo,
  types.ConnectionControl,
  types.ShutdownInfo,
]);

/**
 * Requires a command to be permitted before the log-in. It is called before the command is decoded,
 * because other commands have lists that take long to decode.
 *
 * @param type of the structure
 * @throws {OpenWireError} `out-of-order`
 */
export function requireOpeningCommand(type: number): void {
  if (openingTypes.has(type)) return;
  throw new OpenWireError('out-of-order', 'the client has not logged in');
}

/** The operations of the connection that are needed here. */
export interface OpeningHost extends Client, OpenConnection {
  readonly dialect: ActiveMq;
  readonly shared: SharedState;
  /** The client has logged in. */
  opened(info: ConnectionInfo, access: Access): void;
  /** Ends the connection with an error that answers the command. */
  refused(info: ConnectionInfo, thrown: unknown): void;
}

/** Handles ConnectionInfo: log-in, client id, and connections that come back. */
export class Opening {
  readonly #host: OpeningHost;
  readonly #transport: Transport;
  /** The log-in that is being checked. */
  #attempt: LoginAttempt | undefined = undefined;
  #isGone = false;
  #clientId: string | undefined = undefined;
  #connectionId: string | undefined = undefined;

  constructor(host: OpeningHost, transport: Transport) {
    this.#host = host;
    this.#transport = transport;
  }

  /**
   * Handles a ConnectionInfo. The answer is sent later.
   *
   * @throws {OpenWireError} `refused`
   */
  connect(info: ConnectionInfo): void {
    this.#check(info);
    const { userName, password } = info;
    const { peerAddress } = this.#transport;
    const attempt = {
      username: userName ?? '',
      password: password ?? '',
      peerAddress,
      protocol: 'OpenWire',
      isGone: false,
    };
    this.#attempt = attempt;
    this.#transport.checksLogin();
    const { logins } = this.#host.dialect.broker;
    logins.check(attempt).then(
      (user) => this.#checked(user, info),
      (thrown) => this.#host.refused(info, refusal(thrown)),
    );
  }

  #check(info: ConnectionInfo): void {
    try {
      const id = requireId('connection id', info.connectionId);
      const isFree = id.value !== undefined && id.value !== '' && !id.value.startsWith(ownPrefix);
      if (!isFree) {
        // Temporary destinations have the id of their connection in their names.
        const why = `a client cannot have the connection id '${idText(id)}'`;
        throw new OpenWireError('invalid', why, 'clientId');
      }
      requireShort('client id', info.clientId);
    } catch (thrown) {
      throw refusal(thrown);
    }
    if (info.clientId !== undefined && info.clientId !== '') return;
    const why = 'No clientID specified for connection request';
    throw new OpenWireError('refused', why, 'clientId');
  }

  #checked(user: User | undefined, info: ConnectionInfo): void {
    this.#attempt = undefined;
    if (this.#isGone) return;
    try {
      if (user === undefined) {
        const who = `User name [${info.userName ?? null}] or password is invalid.`;
        throw new OpenWireError('refused', who, 'security');
      }
      this.#open(user, info);
    } catch (thrown) {
      this.#host.refused(info, refusal(thrown));
    }
  }

  #open(user: User, info: ConnectionInfo): void {
    const { shared, dialect } = this.#host;
    const key = idText(requireId('connection id', info.connectionId));
    const before = shared.connections.get(key);
    if (before !== undefined && before !== this.#host && before.access.user === user.name) {
      // The client came back before its lost connection was noticed.
      before.takeOver(() => this.#checked(user, info));
      return;
    }
    const access = dialect.broker.access(user, dialect.vhost.name);
    const { clientId = '' } = info;
    try {
      if (before !== undefined) {
        throw new OpenWireError(
          'refused',
          `Connection ${key} is in use by another user`,
          'clientId',
        );
      }
      dialect.clientIds.take(clientId, this.#host);
    } catch (thrown) {
      throw withClass(thrown, 'clientId');
    }
    this.#clientId = clientId;
    this.#connectionId = key;
    shared.connections.set(key, this.#host);
    this.#transport.admit();
    this.#host.opened(info, access);
  }

  /** Releases the ids after the connection has ended and its messages are requeued. */
  release(): void {
    const { dialect, shared } = this.#host;
    if (this.#clientId !== undefined) dialect.clientIds.release(this.#clientId, this.#host);
    this.#clientId = undefined;
    const key = this.#connectionId;
    this.#connectionId = undefined;
    if (key !== undefined && shared.connections.get(key) === this.#host) {
      shared.connections.delete(key);
    }
  }

  /** Cancels a log-in that is being checked, because the connection ends. */
  abandon(): void {
    this.#isGone = true;
    if (this.#attempt !== undefined) this.#attempt.isGone = true;
  }
}
