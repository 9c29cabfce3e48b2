// The settings of OAuth 2.0 in a RabbitMQ configuration.

import {
  type OAuthProvider,
  type OAuthSettings,
  type ResourceServer,
  signatureAlgorithms,
} from '../../../oauth/settings.ts';
import { flag, httpsUrl, type KeyRule, oneOf, text, within } from './key-rule.ts';
import { SettingsError } from './settings-error.ts';

/** The settings of a configuration, by key. */
export type Settings = ReadonlyMap<string, string>;

const name = '[A-Za-z0-9_-]{1,100}';

const algorithm: KeyRule = {
  isAllowed: (value) => signatureAlgorithms.includes(value),
  allowed: `one of ${signatureAlgorithms.join(', ')}`,
};

/** Keys of a provider, including those of the default one. */
const providerRules: readonly (readonly [key: string, rule: KeyRule])[] = [
  ['issuer', httpsUrl],
  ['jwks_ur[il]', httpsUrl],
  ['(?:token|authorization|end_session)_endpoint', httpsUrl],
  ['discovery_endpoint_path', text],
  [`discovery_endpoint_params\\.${name}`, text],
  ['default_key', text],
  [`algorithms\\.${name}`, algorithm],
  // Without a check, anybody on the way could replace the keys.
  ['https\\.peer_verification', oneOf('verify_peer')],
  ['https\\.hostname_verification', oneOf('wildcard', 'none')],
  ['https\\.depth', within(0, 100)],
  ['https\\.crl_check', oneOf('false')],
  ['https\\.fail_if_no_peer_cert', flag],
];

/** Keys of a resource server, including those of the default one. */
const serverRules: readonly (readonly [key: string, rule: KeyRule])[] = [
  [
    'scope_prefix',
    { isAllowed: (value) => value.length <= 255, allowed: 'at most 255 characters' },
  ],
  ['additional_scopes_key', text],
  [`preferred_username_claims\\.${name}`, text],
  [`scope_aliases\\.${name}`, text],
  [`scope_aliases\\.${name}\\.(?:alias|scope)`, text],
  ['verify_aud', flag],
];

/** The keys of OAuth 2.0: patterns of whole keys, and their rules. */
export const oauthRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  ...providerRules.map(([key, rule]) => row(`(?:oauth_providers\\.${name}\\.)?${key}`, rule)),
  ...serverRules.map(([key, rule]) => row(`(?:resource_servers\\.${name}\\.)?${key}`, rule)),
  row('resource_server_id', text),
  row('default_oauth_provider', text),
  row(`resource_servers\\.${name}\\.(?:id|oauth_provider_id)`, text),
];

function row(pattern: string, rule: KeyRule): readonly [RegExp, KeyRule] {
  return [new RegExp(`^auth_oauth2\\.${pattern}$`), rule];
}

const prefix = 'auth_oauth2.';

/** Maximum number of providers and of resource servers. */
const countMax = 50;

/**
 * Reads the settings of OAuth 2.0. The certificates of authorities are added later.
 *
 * @throws {SettingsError} if they are incomplete
 */
export function readOAuth(settings: Settings): OAuthSettings {
  const resourceServers = readServers(settings);
  const providers = [...new Set(resourceServers.map(({ provider }) => provider))].map((id) =>
    readProvider(settings, id),
  );
  return { resourceServers, providers };
}

function readServers(settings: Settings): ResourceServer[] {
  const rootId = settings.get(`${prefix}resource_server_id`);
  const root = readServer(settings, prefix, rootId ?? '', undefined);
  const names = namesIn(settings, `${prefix}resource_servers.`);
  const others = names.map((each) => {
    const at = `${prefix}resource_servers.${each}.`;
    return readServer(settings, at, settings.get(`${at}id`) ?? each, root);
  });
  const servers = [...(rootId === undefined ? [] : [root]), ...others];
  if (servers.length === 0) {
    throw new SettingsError(
      `key [${prefix}resource_server_id] or a resource server in [${prefix}resource_servers] is required`,
    );
  }
  return servers;
}

/** @param root the settings of the default server, which apply to others too */
function readServer(
  settings: Settings,
  at: string,
  id: string,
  root: ResourceServer | undefined,
): ResourceServer {
  const get = (key: string) => settings.get(`${at}${key}`);
  const claims = valuesIn(settings, `${at}preferred_username_claims.`);
  const aliases = readAliases(settings, `${at}scope_aliases.`);
  const keys = get('additional_scopes_key');
  const rootPrefix = root && settings.get(`${prefix}scope_prefix`);
  const provider = get(root ? 'oauth_provider_id' : 'default_oauth_provider');
  const verifies = get('verify_aud');
  return {
    id,
    provider: provider ?? root?.provider ?? '',
    scopePrefix: get('scope_prefix') ?? rootPrefix ?? `${id}.`,
    additionalScopes: keys === undefined ? (root?.additionalScopes ?? []) : pathsIn(keys),
    usernameClaims:
      claims.length > 0 ? [...claims, ...defaultClaims] : (root?.usernameClaims ?? defaultClaims),
    scopeAliases: aliases ?? root?.scopeAliases ?? {},
    verifiesAudience:
      verifies === undefined ? (root?.verifiesAudience ?? true) : verifies === 'true',
  };
}

const defaultClaims = ['sub', 'client_id'];

/** Maximum number of names in a path to scopes. */
const pathDepthMax = 8;

function pathsIn(keys: string): string[][] {
  const paths = keys.split(' ').filter((path) => path !== '');
  return paths.map((path) =>
    path
      .split('.')
      .filter((each) => each !== '')
      .slice(0, pathDepthMax),
  );
}

/** `ALIAS = SCOPES`, or `N.alias = ALIAS` with `N.scope = SCOPES`, for names that no key can contain. */
function readAliases(settings: Settings, at: string): Record<string, string[]> | undefined {
  const found: [string, string[]][] = [];
  for (const [key, value] of settings) {
    if (!key.startsWith(at)) continue;
    const rest = key.slice(at.length);
    const [number = '', part] = rest.split('.');
    if (part === undefined) found.push([rest, words(value)]);
    if (part !== 'alias') continue;
    const scope = settings.get(`${at}${number}.scope`);
    if (scope === undefined) throw new SettingsError(`key [${at}${number}.scope] is missing`);
    found.push([value, words(scope)]);
  }
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

function readProvider(settings: Settings, id: string): OAuthProvider {
  const at = id === '' ? prefix : `${prefix}oauth_providers.${id}.`;
  const get = (key: string) => settings.get(`${at}${key}`);
  const keysUrl = get('jwks_uri') ?? get('jwks_url') ?? null;
  const issuer = get('issuer');
  if (keysUrl === null && issuer === undefined) {
    throw new SettingsError(`key [${at}jwks_uri] or [${at}issuer] is required`);
  }
  const algorithms = valuesIn(settings, `${at}algorithms.`);
  const usual = valuesIn(settings, `${prefix}algorithms.`);
  return {
    id,
    keysUrl,
    discoveryUrl: issuer === undefined ? null : discoveryUrl(settings, at, issuer),
    algorithms: algorithms.length > 0 ? algorithms : usual.length > 0 ? usual : signatureAlgorithms,
    defaultKey: get('default_key') ?? null,
    authorities: null,
  };
}

function discoveryUrl(settings: Settings, at: string, issuer: string): string {
  const path = settings.get(`${at}discovery_endpoint_path`) ?? '.well-known/openid-configuration';
  const url = new URL(`${issuer.replace(/\/$/, '')}/${path.replace(/^\//, '')}`);
  const params = `${at}discovery_endpoint_params.`;
  for (const [key, value] of settings) {
    if (key.startsWith(params)) url.searchParams.set(key.slice(params.length), value);
  }
  return url.href;
}

/** The names of the objects below a prefix. */
function namesIn(settings: Settings, at: string): string[] {
  const keys = [...settings.keys()].filter((key) => key.startsWith(at));
  const names = [...new Set(keys.map((key) => key.slice(at.length).split('.')[0] ?? ''))];
  if (names.length <= countMax) return names;
  throw new SettingsError(`[${at}] has ${names.length} names; at most ${countMax} are allowed`);
}

/** The values below a prefix, in the order of their numbers. */
function valuesIn(settings: Settings, at: string): string[] {
  const found = [...settings].filter(([key]) => key.startsWith(at));
  return found
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([, value]) => value);
}

function words(value: string): string[] {
  return value.split(/[\s,]+/).filter((word) => word !== '');
}
