// Reads authorisation maps.

import { WaxwingError } from '../../../base/errors.ts';
import type {
  Authorisation,
  AuthorisationEntry,
  DirectoryRights,
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
  requireOne(plugins, 'authorizationPlugin');
  const maps = broker.at('plugins', 'authorizationPlugin', 'map', 'authorizationMap');
  requireOne([...maps, ...directoryMapsOf(broker)], 'authorizationMap');
  if (directoryMapsOf(broker).length > 0) return denied(users);
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

/** Nothing is permitted. */
function denied(users: Authorisation['users']): Authorisation {
  return { entries: [], temporary: { read: [], write: [], admin: [] }, users };
}

function directoryMapsOf(broker: ConfigurationElement): ConfigurationElement[] {
  return broker.at('plugins', 'authorizationPlugin', 'map', 'cachedLDAPAuthorizationMap');
}

/** The default and the minimum time between two searches for permissions, milliseconds. */
const refreshMsDefault = 60_000;
const refreshMsMin = 10_000;

/**
 * Reads where a directory contains the permissions.
 *
 * @param hasDirectory whether the broker has an LDAP server
 * @throws {WaxwingError} `configuration-unsupported` if there is no directory to read them from
 */
export function readDirectoryRights(
  broker: ConfigurationElement,
  hasDirectory: boolean,
): DirectoryRights | undefined {
  const [map] = directoryMapsOf(broker);
  if (map === undefined) return undefined;
  if (!hasDirectory)
    throw unsupported('a cachedLDAPAuthorizationMap, but the broker no LDAP server');
  const refreshMs = map.number('refreshInterval', -1, { min: -1 });
  return {
    queues: map.attribute('queueSearchBase'),
    topics: map.attribute('topicSearchBase'),
    temporary: map.attribute('tempSearchBase'),
    isLegacy: map.flag('legacyGroupMapping', true),
    refreshMs: refreshMs < 0 ? refreshMsDefault : Math.max(refreshMs, refreshMsMin),
  };
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
