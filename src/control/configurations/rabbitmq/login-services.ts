// The services that check log-ins, in a RabbitMQ configuration.

import { flag, type KeyRule, oneOf, within } from './key-rule.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** The names of services that check log-ins, and of RabbitMQ's modules. */
const names = {
  internal: ['internal', 'rabbit_auth_backend_internal'],
  oauth2: ['oauth2', 'oauth', 'rabbit_auth_backend_oauth2'],
  http: ['http', 'rabbit_auth_backend_http'],
  ldap: ['ldap', 'rabbit_auth_backend_ldap'],
} as const;

/** The names of the cache around another service. */
const cacheNames: readonly string[] = ['cache', 'rabbit_auth_backend_cache'];

/** A service that checks log-ins: the broker's own users, OAuth 2.0, an HTTP service, or LDAP. */
export type LoginServiceName = keyof typeof names;

/** A service that checks log-ins, and the one that decides what its users may do. */
export interface LoginServiceUse {
  readonly authentication: LoginServiceName;
  /** The same service, or the broker's own users with the names that it accepted. */
  readonly authorisation: LoginServiceName;
  /** For how long answers are kept; left out to ask each time. */
  readonly cache?: { readonly keptMs: number; readonly keepsRefusals: boolean };
}

const known: readonly string[] = Object.values(names).flat();
const service: KeyRule = oneOf(...known, ...cacheNames);

/** The longest time for which answers can be kept, and the one without a setting, milliseconds. */
const keptMsMax = 3_600_000;
const keptMsDefault = 15_000;

/** The keys of log-in services: patterns of whole keys, and their rules. */
export const loginServiceRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  [/^auth_backends\.\d{1,3}$/, service],
  [/^auth_backends\.\d{1,3}\.(?:authn|authz)$/, service],
  [/^auth_cache\.cached_backend$/, oneOf(...known)],
  [/^auth_cache\.cache_ttl$/, within(1, keptMsMax)],
  [/^auth_cache\.cache_refusals$/, flag],
];

const prefix = 'auth_backends.';

/**
 * Reads the services, in the order in which they are asked.
 *
 * @throws {SettingsError} if one is incomplete
 */
export function readLoginServices(settings: Settings): readonly LoginServiceUse[] {
  const numbers = [...settings.keys()].flatMap((key) => {
    const [, number] = /^auth_backends\.(\d+)/.exec(key) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
  const services = [...new Set(numbers)].sort((a, b) => a - b);
  if (services.length === 0) return [{ authentication: 'internal', authorisation: 'internal' }];
  return services.map((number) => readOne(settings, `${prefix}${number}`));
}

function readOne(settings: Settings, key: string): LoginServiceUse {
  const both = settings.get(key);
  const authn = settings.get(`${key}.authn`) ?? both;
  if (authn === undefined) throw new SettingsError(`key [${key}.authn] is missing`);
  const authz = settings.get(`${key}.authz`) ?? authn;
  const authentication = nameOf(settings, authn);
  const authorisation = nameOf(settings, authz);
  if (authorisation !== 'internal' && authorisation !== authentication) {
    throw new SettingsError(`key [${key}.authz] must be internal or that of [${key}.authn]`);
  }
  const isCached = cacheNames.includes(authn);
  return {
    authentication,
    authorisation,
    ...(isCached && { cache: cacheOf(settings, authentication) }),
  };
}

function cacheOf(
  settings: Settings,
  name: LoginServiceName,
): NonNullable<LoginServiceUse['cache']> {
  if (name === 'internal' || name === 'oauth2') {
    throw new SettingsError(`[auth_cache.cached_backend] cannot be ${name}, which needs no cache`);
  }
  const keptMs = settings.get('auth_cache.cache_ttl');
  return {
    keptMs: keptMs === undefined ? keptMsDefault : Number(keptMs),
    keepsRefusals: settings.get('auth_cache.cache_refusals') === 'true',
  };
}

function nameOf(settings: Settings, value: string): LoginServiceName {
  const isCache = cacheNames.includes(value);
  const named = isCache ? settings.get('auth_cache.cached_backend') : value;
  if (named === undefined) throw new SettingsError('key [auth_cache.cached_backend] is missing');
  for (const [name, synonyms] of Object.entries(names)) {
    if ((synonyms as readonly string[]).includes(named)) return name as LoginServiceName; // a key of it
  }
  throw new SettingsError(`[${prefix}] names an unknown service`);
}
