// The interface between MQTT connections and the dialects of broker types.

import type { Usage } from '../../broker/activemq/limits/usage.ts';
import type { Broker } from '../../broker/broker.ts';
import type { ConnectionInspector } from '../../broker/client-connection.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import type { Route } from '../../broker/exchanges/route-cache.ts';
import type { MessageFormat } from '../../broker/format.ts';
import type { LoginAttempt } from '../../broker/logins/logins.ts';
import type { Pattern } from '../../broker/patterns/alphabet.ts';
import type { Publication } from '../../broker/publication.ts';
import type { Queue } from '../../broker/queue.ts';
import type { Access, User } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { Transport } from '../protocol.ts';
import type { PropertyWriter } from './codec/properties.ts';
import type { MqttHost } from './host.ts';
import type { ConnectPacket } from './packets/connect.ts';
import type { SessionQueues } from './sessions/session-queues.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';
import type { TopicNames } from './sessions/subscription-set.ts';

/** The limits and features that depend on the type of a broker. */
export interface Terms {
  /** Maximum size of the content of CONNECT, in bytes. */
  readonly connectBytesMax: number;
  /** Maximum size of a packet of a client, in bytes. MQTT 5 clients are told as Maximum Packet Size. */
  readonly packetBytesMax: number;
  /** Maximum topic alias that clients can use. */
  readonly receiveAliasMax: number;
  /** Maximum number of topic aliases for messages to a client, unless it allows fewer. */
  readonly sendAliasMax: number;
  /** Maximum number of messages in flight to a client, unless it allows fewer. */
  readonly inFlightCountMax: number;
  /** The highest quality of service. A higher one is lowered to it, or refused with MQTT 5. */
  readonly qosMax: 1 | 2;
  /** Maximum time that a session outlives its connection, in seconds; null for ever. */
  readonly sessionSecondsMax: number | null;
  readonly hasSharedSubscriptions: boolean;
  /** Whether a client that lacks a permission is disconnected. */
  readonly endsUnauthorised: boolean;
  /** The number of channels that a connection counts as. */
  readonly channelCount: number;
  /** The priority of messages. */
  readonly priority: number;
}

/** What a client has opened. */
export interface Opened {
  readonly access: Access;
  /** The sessions of the virtual host. */
  readonly registry: SessionRegistry;
}

/** What depends on the type of a broker. */
export interface Dialect {
  readonly broker: Broker;
  readonly terms: Terms;
  /** The listeners are open. */
  begun(): void;
  /**
   * Returns the log-in of a client.
   *
   * @throws {MqttError} if it is incomplete
   */
  attempt(packet: ConnectPacket, transport: Transport): LoginAttempt;
  /** Checks a log-in. Returns undefined if it is refused. @throws {BrokerError} */
  check(attempt: LoginAttempt, transport: Transport): Promise<User | undefined>;
  /**
   * Opens the virtual host of a client that has logged in.
   *
   * @throws {MqttError}
   * @throws {BrokerError} if the user has no access
   */
  open(user: User, packet: ConnectPacket, clientId: string): Opened;
  /**
   * Adds properties to the CONNACK packet of MQTT 5.
   *
   * @param expirySeconds of the session; null for ever
   */
  announce(answer: PropertyWriter, expirySeconds: number | null): void;
  /** How administration sees a connection; undefined if it does not show it. */
  inspector(host: MqttHost, transport: Transport): ConnectionInspector | undefined;
}

/** A topic that messages are published to, with its cached route. */
export interface TopicTarget {
  /** Its name is that of the retained message. */
  readonly address: Address;
  /** The cost of the last route, in units of about a microsecond. */
  readonly routeUnits: number;
  /**
   * Routes a message to the topic.
   *
   * @param origins the sender, for consumers that exclude their own messages
   * @throws {BrokerError} `access-refused`, `not-found`, `precondition-failed`
   */
  route(publication: Publication, access: Access, origins: readonly unknown[]): Route;
  /**
   * A message was stored.
   *
   * @returns a limit for which its sender must wait; usually undefined
   */
  stored(publication: Publication, route: Route): Usage | undefined;
}

/** A subscription that a client requests. */
export interface Requested {
  readonly filter: string;
  readonly qos: number;
  readonly clientId: string;
}

/** What depends on the type of a broker in one virtual host: names of topics, their exchange, rights. */
export interface VhostDialect extends TopicNames {
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly terms: Terms;
  /** The format of messages to clients. */
  readonly format: MessageFormat;
  readonly queues: SessionQueues;
  /** Whether messages to a topic are dropped. */
  isIgnored(topic: string): boolean;
  /** Returns the target for a topic. @throws {BrokerError} `precondition-failed` if it is too long */
  target(topic: string): TopicTarget;
  /**
   * Requires the permissions to subscribe.
   *
   * @throws {BrokerError} `access-refused`
   */
  requireSubscription(requested: Requested, access: Access): void;
  /** Whether some users are permitted less than others. */
  readonly hasRights: boolean;
  /** Whether a user is permitted to receive the messages of a filter. */
  mayRead(filter: string, access: Access): boolean;
  /**
   * Requires the permissions to use the session of a client id, or to end it.
   *
   * @throws {BrokerError} `access-refused`
   */
  requireSession(clientId: string, isClean: boolean, access: Access): void;
  /** Whether a user may disconnect another user that is connected with a client id. */
  mayDisconnect(clientId: string, access: Access): boolean;
  /** Makes a queue receive the messages that match a filter. An existing binding is not changed. */
  bind(queue: Queue, filter: string): void;
  unbind(queue: Queue, filter: string): void;
  /**
   * Returns earlier messages for a new subscription, as far as its topics keep any.
   *
   * @returns steps with messages, each of which is stored before the next step; undefined for those without one
   */
  recovery?(filter: string): Iterator<Publication | undefined> | undefined;
  /** The pattern of the names of retained messages for a filter. */
  retainedPattern(filter: string): Pattern;
}
