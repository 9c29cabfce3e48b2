// What the claims of a token say: its user name and its scopes.

import { textBytes } from '../base/byte-text.ts';
import { TokenError } from './errors.ts';
import { type ResourceServer, tokenLimits } from './settings.ts';

/** The claims of a token, by name. */
export type Claims = Readonly<Record<string, unknown>>;

/** Where Keycloak states the scopes of a requesting party token. */
const requestingPartyPath = ['authorization', 'permissions', 'scopes'];

/**
 * The user name: the first of the claims that is there; `unknown` without any, as in RabbitMQ.
 *
 * @throws {TokenError} `token-refused` if it cannot be a user name
 */
export function usernameOf(claims: Claims, { usernameClaims }: ResourceServer): string {
  const found = usernameClaims.map((claim) => own(claims, claim)).find(isText);
  if (found === undefined) return 'unknown';
  const { usernameBytesMax } = tokenLimits;
  // Characters that do not belong in a name could imitate lines of a log.
  if (found !== '' && textBytes(found) <= usernameBytesMax && !/\p{Cc}/u.test(found)) return found;
  const why = `the user name is not a text of 1 to ${usernameBytesMax} bytes without control characters`;
  throw new TokenError('token-refused', why);
}

/**
 * The scopes for a service, without its prefix and without repetitions: those of the claim `scope`, of
 * further claims, and those that others stand for.
 *
 * @throws {TokenError} `token-refused` if there are too many
 */
export function scopesOf(claims: Claims, server: ResourceServer): string[] {
  const { scopePrefix, additionalScopes, scopeAliases } = server;
  const stated = [
    ...wordsIn(own(claims, 'scope'), server.id),
    ...wordsAt(claims, requestingPartyPath, server.id),
    ...additionalScopes.flatMap((path) => wordsAt(claims, path, server.id)),
  ];
  const all = new Set<string>();
  for (const scope of stated) {
    for (const each of [scope, ...(ownOf(scopeAliases, scope) ?? [])]) {
      if (each.startsWith(scopePrefix)) all.add(each.slice(scopePrefix.length));
    }
  }
  const { scopeCountMax, scopeLengthMax } = tokenLimits;
  if (all.size > scopeCountMax) {
    throw new TokenError('token-refused', `more than the ${scopeCountMax} scopes that are allowed`);
  }
  return [...all].filter((scope) => scope.length <= scopeLengthMax);
}

/** The tags that scopes grant. */
export function tagsOf(scopes: readonly string[]): string[] {
  const prefix = 'tag:';
  const found = scopes.filter((scope) => scope.startsWith(prefix));
  return found
    .map((scope) => scope.slice(prefix.length))
    .filter((tag) => tag !== '' && textBytes(tag) <= tokenLimits.usernameBytesMax)
    .slice(0, tokenLimits.tagCountMax);
}

/** The scopes below a path. Lists on the way are searched. */
function wordsAt(value: unknown, path: readonly string[], service: string): string[] {
  const [name, ...rest] = path;
  if (name === undefined) return wordsIn(value, service);
  if (Array.isArray(value)) return value.flatMap((each) => wordsAt(each, path, service));
  return isObject(value) ? wordsAt(own(value, name), rest, service) : [];
}

/** The scopes in a value: a list, words, or an object with those of each service, without a prefix. */
function wordsIn(value: unknown, service: string): string[] {
  if (isText(value)) return value.split(' ').filter((word) => word !== '');
  if (Array.isArray(value)) return value.filter(isText);
  if (!isObject(value)) return [];
  const ofService = own(value, service);
  return isObject(ofService) ? [] : wordsIn(ofService, service).map((word) => `${service}.${word}`);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(values: Claims, name: string): unknown {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function ownOf<Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
