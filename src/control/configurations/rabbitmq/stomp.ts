// The settings of STOMP in a RabbitMQ configuration.

import { flag, type KeyRule, oneOf, shortName, within } from './key-rule.ts';
import { listenerRules } from './listeners.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** The settings of STOMP. Plain JSON. */
export interface StompSettings {
  /** The virtual host of clients that name none. */
  readonly vhost: string;
  /** The exchange of destinations that begin with `/topic/`. */
  readonly topicExchange: string;
  /** Whether NACK requeues a message unless the client says otherwise. */
  readonly nackRequeues: boolean;
  /** Maximum size of the body of a message, bytes; null for the limit of the broker. */
  readonly frameBytesMax: number | null;
  /** Whether clients without a log-in header log in with their certificates. */
  readonly takesCertificates: boolean;
  /** Whether CONNECTED leaves out the name and version of the server. */
  readonly hidesServer: boolean;
}

/** The keys of STOMP: patterns of whole keys, and their rules. */
export const stompRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  ...listenerRules('stomp'),
  [/^stomp\.default_(?:vhost|topic_exchange)$/, shortName],
  [/^stomp\.(?:default_nack_requeue|ssl_cert_login|hide_server_info)$/, flag],
  [/^stomp\.max_frame_size$/, within(1024, 134_217_728)],
  // Everybody must log in, and addresses of clients are those of their connections.
  [/^stomp\.(?:implicit_connect|proxy_protocol)$/, oneOf('false')],
];

/** Keys that RabbitMQ has and this program does not, and why. */
export const stompRefusals: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(?:stomp\.listeners\.tcp\.|web_stomp\.(?:tcp\.|port$))/, 'every connection uses TLS'],
  [/^stomp\.default_(?:user|pass)$/, 'every client must log in'],
  [/^(?:web_)?stomp\.max_connections$/, 'use connection_max'],
];

/**
 * Reads the settings of STOMP. Their values were checked before.
 *
 * @throws {SettingsError} if certificates are to be used, but are not requested
 */
export function readStomp(settings: Settings): StompSettings {
  const get = (key: string) => settings.get(`stomp.${key}`);
  const takesCertificates = get('ssl_cert_login') === 'true';
  if (takesCertificates && settings.get('ssl_options.verify') !== 'verify_peer') {
    throw new SettingsError('[stomp.ssl_cert_login] needs [ssl_options.verify] = verify_peer');
  }
  const frameBytesMax = get('max_frame_size');
  return {
    vhost: get('default_vhost') ?? '/',
    topicExchange: get('default_topic_exchange') ?? 'amq.topic',
    nackRequeues: get('default_nack_requeue') !== 'false',
    frameBytesMax: frameBytesMax === undefined ? null : Number(frameBytesMax),
    takesCertificates,
    hidesServer: get('hide_server_info') === 'true',
  };
}
