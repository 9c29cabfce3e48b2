// The services that check log-ins, in a RabbitMQ configuration.

import { type KeyRule, oneOf } from './key-rule.ts';
import type { Settings } from './oauth.ts';
import { SettingsError } from './settings-error.ts';

/** The names of services that check log-ins, and of RabbitMQ's modules. */
const names = {
  internal: ['internal', 'rabbit_auth_backend_internal'],
  oauth2: ['oauth2', 'oauth', 'rabbit_auth_backend_oauth2'],
} as const;

/** A service that checks log-ins: the broker's own users, or OAuth 2.0. */
export type LoginServiceName = keyof typeof names;

/** A service that checks log-ins, and those that decide what its users may do. */
export interface LoginServiceUse {
  readonly authentication: LoginServiceName;
  /** The same service, or the broker's own users with the names that it accepted. */
  readonly authorisation: LoginServiceName;
}

const service: KeyRule = oneOf(...Object.values(names).flat());

/** The keys of log-in services: patterns of whole keys, and their rules. */
export const loginServiceRules: readonly (readonly [pattern: RegExp, rule: KeyRule])[] = [
  [/^auth_backends\.\d{1,3}$/, service],
  [/^auth_backends\.\d{1,3}\.(?:authn|authz)$/, service],
  [/^auth_mechanisms\.\d{1,3}$/, oneOf('PLAIN', 'AMQPLAIN')],
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
  const authentication = nameOf(authn);
  const authorisation = nameOf(settings.get(`${key}.authz`) ?? authn);
  if (authorisation === 'oauth2' && authentication !== 'oauth2') {
    throw new SettingsError(`key [${key}.authz] can only be oauth2 if [${key}.authn] is`);
  }
  return { authentication, authorisation };
}

function nameOf(value: string): LoginServiceName {
  for (const [name, synonyms] of Object.entries(names)) {
    if ((synonyms as readonly string[]).includes(value)) return name as LoginServiceName; // a key of it
  }
  throw new SettingsError(`[${prefix}] names an unknown service`);
}
