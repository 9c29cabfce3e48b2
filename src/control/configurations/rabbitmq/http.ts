// The settings of an HTTP service that decides about log-ins, in a RabbitMQ configuration.

import { flag, httpsUrl, type KeyRule, oneOf, within } from './key-rule.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** An HTTP service that decides about log-ins and rights. Plain JSON, with a secret. */
export interface HttpServiceSettings {
  readonly method: 'get' | 'post';
  /** The URLs for log-ins, virtual hosts, queues and exchanges, and routing keys. */
  readonly userPath: string;
  readonly vhostPath: string;
  readonly resourcePath: string;
  readonly topicPath: string;
  /** Maximum time for an answer, milliseconds. */
  readonly timeoutMs: number;
  /** Certificates of authorities, PEM, besides the public ones; null for none. */
  readonly authorities: string | null;
  /** The certificate and key of the broker, PEM; null if the service requires none. */
  readonly certificate: string | null;
  readonly privateKey: string | null;
}

/** The time for an answer without a setting, and its maximum, milliseconds. */
const timeoutMsDefault = 5000;
const timeoutMsMax = 15_000;

const timeout: KeyRule = within(1, timeoutMsMax);

/** The keys of the service: patterns of whole keys, and their rules. */
export const httpRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  [/^auth_http\.http_method$/, oneOf('get', 'post')],
  [/^auth_http\.(?:user|vhost|resource|topic)_path$/, httpsUrl],
  [/^auth_http\.(?:request|connection)_timeout$/, timeout],
  // Without a check, anybody on the way could admit users.
  [/^auth_http\.ssl_options\.verify$/, oneOf('verify_peer')],
  [/^auth_http\.ssl_options\.depth$/, within(0, 100)],
  [/^auth_http\.ssl_options\.(?:fail_if_no_peer_cert|honor_cipher_order)$/, flag],
  [/^auth_http\.ssl_options\.hostname_verification$/, oneOf('wildcard', 'none')],
];

/**
 * Reads the settings of the service. Certificates and keys are added later.
 *
 * @throws {SettingsError} if a path is missing
 */
export function readHttp(settings: Settings): HttpServiceSettings {
  const path = (name: string): string => {
    const found = settings.get(`auth_http.${name}`);
    if (found === undefined) throw new SettingsError(`key [auth_http.${name}] is missing`);
    return found;
  };
  const timeoutMs = settings.get('auth_http.request_timeout');
  return {
    method: settings.get('auth_http.http_method') === 'post' ? 'post' : 'get',
    userPath: path('user_path'),
    vhostPath: path('vhost_path'),
    resourcePath: path('resource_path'),
    topicPath: path('topic_path'),
    timeoutMs: timeoutMs === undefined ? timeoutMsDefault : Number(timeoutMs),
    authorities: null,
    certificate: null,
    privateKey: null,
  };
}
