// The settings of MQTT on brokers of RabbitMQ's type.

/** What the configuration of a broker states. */
export interface MqttOptions {
  /** The virtual host of clients whose user name names none. */
  readonly vhost: string;
  /** The topic exchange that clients publish and subscribe to. */
  readonly exchange: string;
  /** Maximum number of messages in flight to a client. */
  readonly prefetchCount: number;
  /** Maximum time that a session outlives its connection, in seconds; null for ever. */
  readonly sessionSecondsMax: number | null;
  /** The type of the queues of sessions that outlive their connections, for quality of service 1. */
  readonly durableQueueType: 'classic' | 'quorum';
  /** Maximum topic alias, in both directions. */
  readonly aliasMax: number;
  /** Maximum size of a packet, in bytes; null for the default of the engine version. */
  readonly packetBytesMax: number | null;
  /** Maximum size of CONNECT, in bytes. */
  readonly connectBytesMax: number;
  /** Whether clients without a user name log in with their certificates. */
  readonly takesCertificates: boolean;
  /** Whether a client that lacks a permission is disconnected. */
  readonly endsUnauthorised: boolean;
  /** Whether the dot in the namespaces of Sparkplug is kept. */
  readonly isSparkplug: boolean;
}
