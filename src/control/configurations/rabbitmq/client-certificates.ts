// Client certificates and mechanisms, in a RabbitMQ configuration.

import { flag, type KeyRule, oneOf, within } from './key-rule.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** The certificates of clients. Plain JSON. */
export interface ClientCertificates {
  /** The authorities that must have issued them, PEM. */
  readonly authorities: string | null;
  /** Whether a client without a certificate is refused. One with another certificate always is. */
  readonly isRequired: boolean;
  /** The part of a certificate that states the user name, for the mechanism `EXTERNAL`. */
  readonly userName:
    | { readonly from: 'distinguished-name' }
    | { readonly from: 'common-name' }
    | {
        readonly from: 'alternative-name';
        readonly type: 'dns' | 'ip' | 'email' | 'uri';
        readonly index: number;
      };
}

const depth = within(0, 100);

function since4(rule: KeyRule): KeyRule {
  return { ...rule, sinceMajor: 4 };
}

/** The keys of client certificates, and their rules. */
export const certificateRules: Readonly<Record<string, KeyRule>> = {
  'ssl_options.verify': since4(oneOf('verify_none', 'verify_peer')),
  'ssl_options.fail_if_no_peer_cert': since4(flag),
  'ssl_options.depth': since4(depth),
  'ssl_options.hostname_verification': since4(oneOf('wildcard', 'none')),
  ssl_cert_login_from: since4(
    oneOf('distinguished_name', 'common_name', 'subject_alternative_name'),
  ),
  ssl_cert_login_san_type: since4(oneOf('dns', 'ip', 'email', 'uri')),
  ssl_cert_login_san_index: since4(depth),
};

/** The key of mechanisms. */
export const mechanismRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  [/^auth_mechanisms\.\d{1,3}$/, oneOf('PLAIN', 'AMQPLAIN', 'EXTERNAL')],
];

const authorities = 'aws.arns.ssl_options.cacertfile';

/**
 * Reads the settings of client certificates. Their authorities are added later.
 *
 * @returns undefined if they are not requested
 * @throws {SettingsError} if there are no authorities
 */
export function readClientCertificates(settings: Settings): ClientCertificates | undefined {
  const isRequested = settings.get('ssl_options.verify') === 'verify_peer';
  const isRequired = settings.get('ssl_options.fail_if_no_peer_cert') === 'true';
  if (!isRequested) {
    if (!isRequired) return undefined;
    throw new SettingsError('[ssl_options.fail_if_no_peer_cert] needs [ssl_options.verify]');
  }
  if (!settings.has(authorities)) throw new SettingsError(`key [${authorities}] is missing`);
  return { authorities: null, isRequired, userName: readUserName(settings) };
}

function readUserName(settings: Settings): ClientCertificates['userName'] {
  const from = settings.get('ssl_cert_login_from') ?? 'distinguished_name';
  if (from === 'common_name') return { from: 'common-name' };
  if (from === 'distinguished_name') return { from: 'distinguished-name' };
  const types = ['dns', 'ip', 'email', 'uri'] as const;
  const asked = settings.get('ssl_cert_login_san_type');
  return {
    from: 'alternative-name',
    type: types.find((type) => type === asked) ?? 'dns',
    index: Number(settings.get('ssl_cert_login_san_index') ?? 0),
  };
}

/**
 * Reads the mechanisms that clients can log in with.
 *
 * @throws {SettingsError} if `EXTERNAL` is among them without client certificates
 */
export function readMechanisms(settings: Settings): readonly string[] {
  const keys = [...settings.keys()].filter((key) => key.startsWith('auth_mechanisms.'));
  const found = [...new Set(keys.sort().map((key) => settings.get(key) ?? ''))];
  if (found.includes('EXTERNAL') && settings.get('ssl_options.verify') !== 'verify_peer') {
    throw new SettingsError('the mechanism EXTERNAL needs [ssl_options.verify] = verify_peer');
  }
  return found.length === 0 ? ['PLAIN', 'AMQPLAIN'] : found;
}
