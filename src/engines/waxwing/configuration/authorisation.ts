// Reads authorisation maps.

import { WaxwingError } from '../../../base/errors.ts';
import type {
  Authorisation,
  AuthorisationEntry,
  GroupsByRight,
} from '../../../broker/activemq/rights/authorisation.ts';
import { type ConfigurationElement, selectorsOf, type Warn } from './elements.ts';

/**
 * Reads the permissions of a configuration.
 *
 * @param warn receives the elements that have no effect
 * @returns undefined if the configuration has no `authorizationPlugin`: every user then has all
 *   permissions. A plugin without a map denies everything.
 * @throws {WaxwingError} `configuration-unsupported` if the permissions cannot be enforced
 */
export function readAuthorisation(
  broker: ConfigurationElement,
  users: Authorisation['users'],
  warn: Warn,
): Authorisation | undefined {
  const plugins = broker.at('plugins', 'authorizationPlugin');
  if (plugins.length === 0) return undefined;
  if (broker.at('plugins', 'authorizationPlugin', 'map', 'cachedLDAPAuthorizationMap').length > 0) {
    throw unsupported('a cachedLDAPAuthorizationMap');
  }
  requireOne(plugins, 'authorizationPlugin');
  const maps = broker.at('plugins', 'authorizationPlugin', 'map', 'authorizationMap');
  requireOne(maps, 'authorizationMap');
  const [map] = maps;
  if (map === undefined) {
    warn('authorizationPlugin has no authorizationMap, so that every permission is denied');
    return { entries: [], temporary: undefined, users };
  }
  const entries = map
    .at('authorizationEntries', 'authorizationEntry')
    .flatMap((entry) => readEntry(entry, warn));
  const common = map.at('defaultEntry', 'authorizationEntry').flatMap(readDefault);
  return { entries: [...entries, ...common], temporary: readTemporary(map), users };
}

/** Of two elements it would not be clear which one restricts permissions. */
function requireOne(found: readonly ConfigurationElement[], name: string): void {
  if (found.length > 1) throw unsupported(`${found.length} elements ${name}`);
}

function unsupported(what: string): WaxwingError {
  const why = `the configuration has ${what}, whose permissions this engine cannot enforce`;
  return new WaxwingError('configuration-unsupported', why);
}

function readEntry(entry: ConfigurationElement, warn: Warn): AuthorisationEntry[] {
  const groups = groupsOf(entry);
  const found: AuthorisationEntry[] = [];
  for (const { kind, name } of selectorsOf(entry, warn)) {
    // Temporary destinations have an entry of their own.
    if (kind === 'queue' || kind === 'topic') found.push({ kind, name, ...groups });
  }
  if (found.length === 0) warn('an authorizationEntry without queue and topic has no effect');
  return found;
}

function readDefault(entry: ConfigurationElement): AuthorisationEntry[] {
  const groups = groupsOf(entry);
  return (['queue', 'topic'] as const).map((kind) => ({ kind, name: '>', ...groups }));
}

/** Several elements are not united: a permission must be in all of them. */
function readTemporary(map: ConfigurationElement): GroupsByRight | undefined {
  const name = 'tempDestinationAuthorizationEntry';
  const found = [...map.at(name, name), ...map.at('authorizationEntries', name)].map(groupsOf);
  const [first, ...others] = found;
  if (first === undefined) return undefined;
  const inAll = (right: keyof GroupsByRight) =>
    first[right].filter((group) => others.every((other) => other[right].includes(group)));
  return { read: inAll('read'), write: inAll('write'), admin: inAll('admin') };
}

function groupsOf(entry: ConfigurationElement): GroupsByRight {
  const groups = (name: string) =>
    (entry.attribute(name) ?? '')
      .split(',')
      .map((group) => group.trim())
      .filter((group) => group !== '');
  return { read: groups('read'), write: groups('write'), admin: groups('admin') };
}
