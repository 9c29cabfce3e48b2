// The settings of a broker of RabbitMQ's type, for its process.

import { WaxwingError } from '../../../base/errors.ts';
import { readRabbitMqSettings } from '../../../control/configurations/rabbitmq/cuttlefish.ts';
import type { LdapBind } from '../../../control/configurations/rabbitmq/ldap.ts';
import type { RabbitMqSettings } from '../../../control/configurations/rabbitmq/settings.ts';
import type { BrokerSpec, ConfigurationSpec } from '../../../control/engine.ts';
import { ControlError } from '../../../control/errors.ts';
import { readAuthorities } from '../ldap/directory-settings.ts';
import { readArn } from './arn-files.ts';

/** What settings refer to outside of the configuration. */
export interface OutsideSettings {
  /**
   * Certificates that providers of OAuth 2.0 can have, besides those of public authorities; PEM.
   */
  readonly oidcAuthorities?: (() => string) | undefined;
  /** A file with the authorities of LDAP servers for configurations that name none, PEM. */
  readonly ldapAuthoritiesFile?: string | undefined;
  /** The folder with the files that ARNs name. */
  readonly arnFolder?: string | undefined;
}

/**
 * Reads the configuration of a broker, and the files that it refers to.
 *
 * @throws {WaxwingError} `configuration-unsupported`, and the codes of `readArn`
 */
export async function rabbitMqSettings(
  { engineVersion }: Pick<BrokerSpec, 'engineVersion'>,
  { id, revision, text }: ConfigurationSpec,
  outside: OutsideSettings,
): Promise<RabbitMqSettings> {
  let settings: RabbitMqSettings;
  try {
    settings = readRabbitMqSettings(text, Number.parseInt(engineVersion, 10));
  } catch (cause) {
    if (!(cause instanceof ControlError)) throw cause;
    const why = `configuration ${id}, revision ${revision}: ${cause.message}`;
    throw new WaxwingError('configuration-unsupported', why, { cause });
  }
  const find = async (key: string): Promise<string | null> => {
    const arn = Object.hasOwn(settings.arns, key) ? settings.arns[key] : undefined;
    return arn === undefined ? null : readArn(outside.arnFolder, key, arn);
  };
  return complete(settings, find, outside);
}

/** Adds certificates, keys and passwords to settings. */
async function complete(
  settings: RabbitMqSettings,
  find: (key: string) => Promise<string | null>,
  { oidcAuthorities, ldapAuthoritiesFile: file }: OutsideSettings,
): Promise<RabbitMqSettings> {
  const ofFile = async () => (file === undefined ? null : readAuthorities(file));
  const { oauth, http, ldap, clientCertificates } = settings;
  return {
    ...settings,
    ...(oauth && {
      oauth: {
        ...oauth,
        providers: await Promise.all(
          oauth.providers.map(async (provider) => {
            const own = `auth_oauth2.oauth_providers.${provider.id}.https.cacertfile`;
            const found = await find(provider.id === '' ? 'auth_oauth2.https.cacertfile' : own);
            const usual = found ?? (await find('auth_oauth2.https.cacertfile'));
            return { ...provider, authorities: usual ?? oidcAuthorities?.() ?? null };
          }),
        ),
      },
    }),
    ...(http && {
      http: {
        ...http,
        authorities: await find('auth_http.ssl_options.cacertfile'),
        certificate: await find('auth_http.ssl_options.certfile'),
        privateKey: await find('auth_http.ssl_options.keyfile'),
      },
    }),
    ...(ldap && {
      ldap: {
        ...ldap,
        authorities: (await find('auth_ldap.ssl_options.cacertfile')) ?? (await ofFile()),
        bind: await withPassword(ldap.bind, () => find('auth_ldap.other_bind.password')),
        lookup: ldap.lookup && {
          ...ldap.lookup,
          bind: await withPassword(ldap.lookup.bind, () =>
            find('auth_ldap.dn_lookup_bind.password'),
          ),
        },
      },
    }),
    ...(clientCertificates && {
      clientCertificates: {
        ...clientCertificates,
        authorities: await find('ssl_options.cacertfile'),
      },
    }),
  };
}

async function withPassword(bind: LdapBind, find: () => Promise<string | null>): Promise<LdapBind> {
  if (bind.as === 'user') return bind;
  return { ...bind, password: (await find()) ?? '' };
}
