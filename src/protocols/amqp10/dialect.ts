// The interface between AMQP 1.0 connections and the dialects of broker types.

import type { Broker } from '../../broker/broker.ts';
import type { ConnectionInspector } from '../../broker/client-connection.ts';
import type { Route } from '../../broker/exchanges/route-cache.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Transport } from '../protocol.ts';
import type { Attach, Open } from './codec/performatives.gen.ts';
import type { AmqpHost } from './host.ts';
import type { Link } from './links/link.ts';
import type { Session } from './session.ts';

/** What depends on the type of a broker: its addresses, defaults, capabilities and topology. */
export interface Dialect {
  readonly broker: Broker;
  /** The announced idle timeout, in milliseconds. A peer that is silent for twice as long is disconnected. */
  readonly idleTimeoutMs: number;
  /** The highest channel number, as announced. */
  readonly channelMax: number;
  /** The dialect of one connection. */
  connect(host: AmqpHost, transport: Transport): ConnectionDialect;
}

/** What a connection opened. */
export interface Opened {
  readonly access: Access;
  readonly vhost: Vhost;
}

/** A link that can begin, and the fields of its attach. */
export interface Attached {
  readonly link: Link;
  readonly answer: Partial<Attach>;
}

/** The dialect of one connection, with the state that the dialect keeps for it. */
export interface ConnectionDialect {
  /** How administration sees the connection; undefined if it does not show it. */
  readonly inspector: ConnectionInspector | undefined;
  /** A mechanism was used successfully. */
  loggedIn(mechanism: string): void;
  /**
   * Handles the open of the peer.
   *
   * @throws {AmqpError}
   * @throws {BrokerError} if the user has no access
   */
  open(user: User, open: Open): Opened;
  /** What the open of the broker contains besides the limits. */
  answer(): Pick<Open, 'containerId' | 'offeredCapabilities' | 'properties'>;
  /**
   * Creates the link for an attach.
   *
   * @throws {AmqpError} with scope `link` if the link is refused, otherwise the session or connection
   *   ends
   * @throws {BrokerError}
   */
  attach(session: Session, frame: Attach): Attached;
  /** A transaction has stored a message. */
  committed(publication: Publication, route: Route): void;
  /** Releases what the connection owns, in steps, after its links. */
  release(): Generator<void>;
  /** The connection has ended and its messages are requeued. */
  ended(): void;
}
