// The settings of an LDAP server that decides about log-ins, in a RabbitMQ configuration.

import { flag, type KeyRule, oneOf, text, within } from './key-rule.ts';
import { type LdapQuery, readQuery, readTagQueries, type TagQueries } from './ldap-queries.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** As whom the broker binds: as the user that logs in, or with an account. */
export type LdapBind =
  | { readonly as: 'user' }
  | { readonly as: 'account'; readonly name: string; readonly password: string };

/** An LDAP server that decides about log-ins and rights. Plain JSON, with secrets. */
export interface LdapServiceSettings {
  readonly hosts: readonly string[];
  readonly port: number;
  /** Certificates of authorities, PEM; null for the public ones. */
  readonly authorities: string | null;
  /** The name of a user's entry, with `${username}`. */
  readonly userPattern: string;
  /** Finds the entry of a user by an attribute; null if the pattern is its name. */
  readonly lookup: {
    readonly attribute: string;
    readonly base: string;
    readonly bind: LdapBind;
  } | null;
  /** As whom queries are made. */
  readonly bind: LdapBind;
  /** Where groups that contain groups are searched; null for below the base of each query. */
  readonly groupBase: string | null;
  readonly timeoutMs: number;
  readonly tags: TagQueries;
  readonly vhostAccess: LdapQuery;
  readonly resourceAccess: LdapQuery;
  readonly topicAccess: LdapQuery;
}

const timeoutMsDefault = 5000;

const host: KeyRule = {
  isAllowed: (value) => /^[\w.:[\]-]{1,255}$/.test(value),
  allowed: 'a host name or an address',
};

/** The keys of the server: patterns of whole keys, and their rules. */
export const ldapRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  [/^auth_ldap\.servers\.\d{1,2}$/, host],
  [/^auth_ldap\.port$/, within(1, 65_535)],
  // There is no connection without TLS.
  [/^auth_ldap\.use_ssl$/, oneOf('true')],
  [/^auth_ldap\.use_starttls$/, oneOf('false')],
  [/^auth_ldap\.timeout$/, within(1, 15_000)],
  [/^auth_ldap\.(?:idle_timeout|connection_pool_size)$/, within(0, 3_600_000)],
  [/^auth_ldap\.log$/, oneOf('false')],
  [/^auth_ldap\.(?:user_dn_pattern|dn_lookup_attribute|dn_lookup_base|group_lookup_base)$/, text],
  [/^auth_ldap\.(?:dn_lookup_bind|other_bind)$/, oneOf('as_user')],
  [/^auth_ldap\.(?:dn_lookup_bind|other_bind)\.user_dn$/, text],
  [/^auth_ldap\.queries\.(?:tags|vhost_access|resource_access|topic_access)$/, text],
  [/^auth_ldap\.ssl_options\.verify$/, oneOf('verify_peer')],
  [/^auth_ldap\.ssl_options\.depth$/, within(0, 100)],
  [/^auth_ldap\.ssl_options\.(?:fail_if_no_peer_cert|honor_cipher_order)$/, flag],
  [/^auth_ldap\.ssl_options\.hostname_verification$/, oneOf('wildcard', 'none')],
];

const prefix = 'auth_ldap.';
/** The variable for the user name. */
const username = `\${username}`;
const permitted: LdapQuery = { is: 'constant', value: true };

/**
 * Reads the settings of the server, with the defaults of RabbitMQ: without queries, every user of the
 * directory has all permissions and no tag. Certificates and passwords are added later.
 *
 * @throws {SettingsError} if they are incomplete
 */
export function readLdap(settings: Settings): LdapServiceSettings {
  const get = (key: string) => settings.get(`${prefix}${key}`);
  const servers = [...settings].filter(([key]) => key.startsWith(`${prefix}servers.`));
  if (servers.length === 0) throw new SettingsError(`key [${prefix}servers.1] is missing`);
  const query = (name: string): LdapQuery => {
    const value = get(`queries.${name}`);
    return value === undefined ? permitted : readQuery(`${prefix}queries.${name}`, value);
  };
  const tags = get('queries.tags');
  const userPattern = get('user_dn_pattern') ?? username;
  if (!userPattern.includes(username)) {
    throw new SettingsError(`the value of key [${prefix}user_dn_pattern] needs ${username}`);
  }
  return {
    hosts: servers
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .map(([, at]) => at),
    port: Number(get('port') ?? 636),
    authorities: null,
    userPattern,
    lookup: readLookup(settings),
    bind: readBind(settings, 'other_bind'),
    groupBase: get('group_lookup_base') ?? null,
    timeoutMs: Number(get('timeout') ?? timeoutMsDefault),
    tags: tags === undefined ? [] : readTagQueries(`${prefix}queries.tags`, tags),
    vhostAccess: query('vhost_access'),
    resourceAccess: query('resource_access'),
    topicAccess: query('topic_access'),
  };
}

function readLookup(settings: Settings): LdapServiceSettings['lookup'] {
  const attribute = settings.get(`${prefix}dn_lookup_attribute`);
  if (attribute === undefined) return null;
  if (!/^[A-Za-z][\w;-]{0,99}$/.test(attribute)) {
    throw new SettingsError(`the value of key [${prefix}dn_lookup_attribute] is no attribute`);
  }
  const base = settings.get(`${prefix}dn_lookup_base`);
  if (base === undefined) throw new SettingsError(`key [${prefix}dn_lookup_base] is missing`);
  return { attribute, base, bind: readBind(settings, 'dn_lookup_bind') };
}

/** The password is added later. */
function readBind(settings: Settings, key: 'other_bind' | 'dn_lookup_bind'): LdapBind {
  const name = settings.get(`${prefix}${key}.user_dn`);
  if (name === undefined) return { as: 'user' };
  const password = `aws.arns.${prefix}${key}.password`;
  if (!settings.has(password)) throw new SettingsError(`key [${password}] is missing`);
  return { as: 'account', name, password: '' };
}
