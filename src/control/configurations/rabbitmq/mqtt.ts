// The settings of MQTT in a RabbitMQ configuration.

import { flag, type KeyRule, oneOf, shortName, within } from './key-rule.ts';
import { listenerRules } from './listeners.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** The settings of MQTT. Plain JSON. */
export interface MqttSettings {
  /** The virtual host of clients whose user name names none. */
  readonly vhost: string;
  /** The topic exchange that clients publish and subscribe to. */
  readonly exchange: string;
  /** Maximum number of messages in flight to a client. */
  readonly prefetchCount: number;
  /** Maximum time that a session outlives its connection, seconds; null for ever. */
  readonly sessionSecondsMax: number | null;
  /** The type of the queues of sessions that outlive their connections. */
  readonly durableQueueType: 'classic' | 'quorum';
  /** Maximum topic alias, in both directions. */
  readonly aliasMax: number;
  /** Maximum size of a packet, bytes; null for the default of the engine version. */
  readonly packetBytesMax: number | null;
  /** Maximum size of a CONNECT packet, bytes. */
  readonly connectBytesMax: number;
  /** Whether clients without a user name log in with their certificates. */
  readonly takesCertificates: boolean;
  /** Whether a client that lacks a permission is disconnected. */
  readonly endsUnauthorised: boolean;
  /** Whether the dot in the namespaces of Sparkplug is kept. */
  readonly isSparkplug: boolean;
}

/** A day. */
const sessionSecondsDefault = 86_400;
const secondsMax = 4_294_967_294;
const connectBytesDefault = 65_536;

const seconds: KeyRule = {
  isAllowed: (value) => value === 'infinity' || within(0, secondsMax).isAllowed(value),
  allowed: `infinity or a whole number from 0 to ${secondsMax}`,
};

/** The keys of MQTT: patterns of whole keys, and their rules. */
export const mqttRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  ...listenerRules('mqtt'),
  [/^mqtt\.(?:vhost|exchange)$/, shortName],
  [/^mqtt\.prefetch$/, within(1, 1000)],
  [/^mqtt\.max_session_expiry_interval_seconds$/, seconds],
  [/^mqtt\.durable_queue_type$/, oneOf('classic', 'quorum')],
  [/^mqtt\.topic_alias_maximum$/, within(0, 64)],
  [/^mqtt\.max_packet_size_authenticated$/, within(1024, 104_857_600)],
  [/^mqtt\.max_packet_size_unauthenticated$/, within(256, connectBytesDefault)],
  [/^mqtt\.(?:ssl_cert_login|disconnect_on_unauthorized|sparkplug)$/, flag],
  // Everybody must log in, and addresses of clients are those of their connections.
  [/^mqtt\.(?:allow_anonymous|proxy_protocol)$/, oneOf('false')],
];

/** Keys that RabbitMQ has and this program does not, and why. */
export const mqttRefusals: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(?:mqtt\.listeners\.tcp\.|web_mqtt\.tcp\.)/, 'every connection uses TLS'],
  [/^mqtt\.default_(?:user|pass)$/, 'every client must log in'],
  [/^mqtt\.subscription_ttl$/, 'use mqtt.max_session_expiry_interval_seconds, in seconds'],
  [
    /^mqtt\.mailbox_soft_limit$/,
    'messages for slow clients wait in their queues, which policies can limit with max-length',
  ],
  [/^mqtt\.retained_message_store/, "retained messages are stored in the broker's volume"],
  [/^(?:web_)?mqtt\.max_connections$/, 'use connection_max'],
];

/**
 * Reads the settings of MQTT. Their values were checked before.
 *
 * @throws {SettingsError} if certificates are to be used, but are not requested
 */
export function readMqtt(settings: Settings): MqttSettings {
  const get = (key: string) => settings.get(`mqtt.${key}`);
  const takesCertificates = get('ssl_cert_login') === 'true';
  if (takesCertificates && settings.get('ssl_options.verify') !== 'verify_peer') {
    throw new SettingsError('[mqtt.ssl_cert_login] needs [ssl_options.verify] = verify_peer');
  }
  const expiry = get('max_session_expiry_interval_seconds') ?? String(sessionSecondsDefault);
  const packetBytesMax = get('max_packet_size_authenticated');
  return {
    vhost: get('vhost') ?? '/',
    exchange: get('exchange') ?? 'amq.topic',
    prefetchCount: Number(get('prefetch') ?? 10),
    sessionSecondsMax: expiry === 'infinity' ? null : Number(expiry),
    durableQueueType: get('durable_queue_type') === 'quorum' ? 'quorum' : 'classic',
    aliasMax: Number(get('topic_alias_maximum') ?? 16),
    packetBytesMax: packetBytesMax === undefined ? null : Number(packetBytesMax),
    connectBytesMax: Number(get('max_packet_size_unauthenticated') ?? connectBytesDefault),
    takesCertificates,
    endsUnauthorised: get('disconnect_on_unauthorized') !== 'false',
    isSparkplug: get('sparkplug') === 'true',
  };
}
