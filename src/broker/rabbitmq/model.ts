// The objects that a management API of a RabbitMQ broker reads and writes.

import type { ExportedHash, HashToImport } from '../accounts/password-hashes.ts';
import type { Policy } from '../settings/policy.ts';
import type { Permission, TopicPermission, UserLimitName } from '../users.ts';
import type { VhostMetadata } from '../vhosts/vhost-metadata.ts';

/** A value of JSON. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

/** A virtual host. */
export interface VhostInfo extends VhostMetadata {
  readonly name: string;
  /** Whether messages are traced to the exchange `amq.rabbitmq.trace`. */
  readonly isTracing: boolean;
}

/** The credentials of a user in a request. */
export type NewCredentials =
  /**
   * A password, which is hashed with the algorithm of this program. With an empty one, the user cannot
   * log in with a password.
   */
  { readonly password: string } | HashToImport;

/** A user. */
export interface UserInfo {
  readonly name: string;
  readonly tags: readonly string[];
  readonly credentials: ExportedHash;
  readonly limits: Partial<Record<UserLimitName, number>>;
}

/** The permissions of one user in one virtual host: regular expressions over names. */
export interface PermissionEntry extends Permission {
  readonly user: string;
  readonly vhost: string;
}

/** The topic permissions of one user on one exchange. */
export interface TopicPermissionEntry extends TopicPermission {
  readonly user: string;
  readonly vhost: string;
  readonly exchange: string;
}

/** A policy or operator policy with its virtual host. */
export interface PolicyEntry extends Policy {
  readonly vhost: string;
}

/** A runtime parameter of a virtual host, such as a shovel. */
export interface ParameterEntry {
  readonly vhost: string;
  /** The kind of parameter, such as `shovel`. */
  readonly component: string;
  readonly name: string;
  readonly value: JsonValue;
}

/** A runtime parameter of the broker. */
export interface GlobalParameterEntry {
  readonly name: string;
  readonly value: JsonValue;
}

/** A queue in a request. Arguments are JSON: integers, text, booleans, lists and objects. */
export interface QueueDeclaration {
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly arguments: JsonObject;
}

/** An exchange in a request. */
export interface ExchangeDeclaration {
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: JsonObject;
}

/** A binding in a request. */
export interface BindingDeclaration {
  readonly source: string;
  readonly destinationType: 'queue' | 'exchange';
  readonly destination: string;
  readonly routingKey: string;
  readonly arguments: JsonObject;
}

/** A binding. */
export interface BindingInfo extends BindingDeclaration {
  readonly vhost: string;
  /** Identifies the binding among those with the same ends: the routing key, or it and a hash. */
  readonly propertiesKey: string;
}

/** A connection that has opened a virtual host. */
export interface ConnectionInfo {
  /** Unique while it is open: `127.0.0.1:54321 -> 127.0.0.1:5671`. */
  readonly name: string;
  /** The name that the client gave (`connection_name` in its properties). */
  readonly userProvidedName: string | undefined;
  readonly user: string;
  readonly vhost: string;
  /** `AMQP 0-9-1` */
  readonly protocol: string;
  /** Milliseconds since 1970. */
  readonly connectedAtMs: number;
  readonly peerHost: string;
  readonly peerPort: number;
  readonly host: string;
  readonly port: number;
  /** `PLAIN` */
  readonly authMechanism: string;
  /** `TLSv1.3` */
  readonly tlsVersion: string;
  readonly clientProperties: JsonObject;
  readonly channelMax: number;
  /** Bytes. */
  readonly frameMax: number;
  /** The negotiated heartbeat, seconds; 0 for none. */
  readonly heartbeatSeconds: number;
  readonly channelCount: number;
  /** `blocked` is a publisher that waits for memory or disk, `flow` one that waits for the log. */
  readonly state: 'running' | 'blocked' | 'flow';
  /** Bytes of the protocol, without TLS, since it was opened. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** A channel of a connection. */
export interface ChannelInfo {
  /** Unique while it is open: the connection's name and the number, `… (1)`. */
  readonly name: string;
  readonly number: number;
  readonly connection: ConnectionInfo;
  readonly user: string;
  readonly vhost: string;
  /** The prefetch of new consumers, and of the channel; 0 for no limit. */
  readonly prefetchCount: number;
  readonly globalPrefetchCount: number;
  readonly isConfirming: boolean;
  readonly isTransactional: boolean;
  readonly consumerCount: number;
  readonly unacknowledgedCount: number;
  readonly unconfirmedCount: number;
  /** Messages and settlements of the open transaction. */
  readonly uncommittedCount: number;
  readonly uncommittedAckCount: number;
  readonly state: 'running' | 'flow';
  /** Counters since the channel was opened. */
  readonly publishedCount: number;
  readonly confirmedCount: number;
  readonly deliveredCount: number;
  readonly acknowledgedCount: number;
}

/** A session of AMQP 1.0. */
export interface SessionInfo {
  readonly number: number;
  readonly handleMax: number;
  readonly nextIncomingId: number;
  readonly incomingWindow: number;
  readonly nextOutgoingId: number;
  /** The window of the peer for transfers of the broker, and the other one. */
  readonly peerIncomingWindow: number;
  readonly peerOutgoingWindow: number;
  readonly unsettledCount: number;
  /** The links on which the peer sends. */
  readonly incoming: readonly IncomingLinkInfo[];
  /** The links on which the broker sends. */
  readonly outgoing: readonly OutgoingLinkInfo[];
}

/** What links of both directions have. */
export interface LinkInfo {
  readonly handle: number;
  readonly name: string;
  readonly deliveryCount: number;
  readonly credit: number;
  /** Maximum size of a message, bytes; Infinity for none. */
  readonly bytesMax: number;
  /** Whether messages are sent settled; undefined for both. */
  readonly isSettled: boolean | undefined;
}

/** A link on which the peer sends. */
export interface IncomingLinkInfo extends LinkInfo {
  /** Undefined if each message names its own. */
  readonly targetAddress: string | undefined;
}

/** A link on which the broker sends. */
export interface OutgoingLinkInfo extends LinkInfo {
  readonly sourceAddress: string;
  /** Empty for the management node. */
  readonly queue: string;
}

/** A consumer. */
export interface ConsumerInfo {
  readonly tag: string;
  readonly vhost: string;
  readonly queue: string;
  readonly channelName: string;
  readonly channelNumber: number;
  readonly connectionName: string;
  readonly peerHost: string;
  readonly peerPort: number;
  readonly user: string;
  readonly isAcknowledged: boolean;
  readonly isExclusive: boolean;
  /** False for a consumer that waits for the single active one. */
  readonly isActive: boolean;
  /** 0 for no limit. */
  readonly prefetchCount: number;
  readonly arguments: JsonObject;
}
