// Rules for the members of requests about brokers.

import type { MaintenanceWindow } from './broker-record.ts';
import { ControlError } from './errors.ts';
import type { Offer } from './offers/offer.ts';
import { checkLdap, type LdapRequest } from './users/ldap.ts';

/** Creates the error for an invalid member of a request. */
export function refuse(attribute: string, message: string): ControlError {
  return new ControlError('bad-request', message, attribute);
}

/**
 * A broker name must consist of 1 to 50 letters, digits, hyphens and underscores.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkBrokerName(name: string): void {
  if (!/^[0-9A-Za-z_-]{1,50}$/.test(name)) {
    throw refuse(
      'brokerName',
      `Broker name [${name.slice(0, 60)}] is invalid. It must be 1 to 50 characters long and ` +
        'contain only letters, digits, hyphens (-) and underscores (_).',
    );
  }
}

/**
 * @throws {ControlError} 'bad-request' if automatic minor version upgrades are disabled but
 *   required
 */
export function checkMinorUpgrade(autoMinorVersionUpgrade: boolean, offer: Offer): void {
  if (autoMinorVersionUpgrade) return;
  throw refuse(
    'autoMinorVersionUpgrade',
    'Automatic minor version upgrade must be enabled for ' +
      `${offer.engineName} ${offer.engineVersions.at(-1)} and above.`,
  );
}

/**
 * Checks the members that only some kinds of brokers support.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkParameters(request: OptionalParameters, { engineName, rules }: Offer): void {
  const { authenticationStrategy: strategy, dataReplicationMode: mode } = request;
  if (strategy !== undefined && !rules.authenticationStrategies.includes(strategy)) {
    throw refuse(
      'authenticationStrategy',
      `Authentication strategy [${strategy}] is invalid for engine type [${engineName}]. ` +
        `Valid values are: [${rules.authenticationStrategies.join(', ')}]`,
    );
  }
  if (request.ldapServerMetadata !== undefined) {
    if (!rules.hasLdap) {
      throw refuse('ldapServerMetadata', `LDAP is not supported for ${engineName} brokers.`);
    }
    checkLdap(request.ldapServerMetadata);
  }
  const { dataReplicationPrimaryBrokerArn: primary } = request;
  const asked = mode ?? (primary === undefined ? 'NONE' : 'CRDR');
  if (!rules.dataReplicationModes.includes(asked)) {
    throw refuse(
      'dataReplicationMode',
      `Data replication is not supported for ${engineName} brokers.`,
    );
  }
}

/** The members of requests that only some kinds of brokers support. */
export interface OptionalParameters {
  readonly authenticationStrategy?: string | undefined;
  readonly configuration?: ConfigurationRequest | undefined;
  readonly ldapServerMetadata?: LdapRequest | undefined;
  /** GB */
  readonly storageSize?: number | undefined;
  readonly dataReplicationMode?: string | undefined;
  readonly dataReplicationPrimaryBrokerArn?: string | undefined;
}

/** The configuration for a broker, and its revision. The newest revision is the default. */
export interface ConfigurationRequest {
  readonly id: string;
  readonly revision?: number | undefined;
}

/**
 * Checks that what an LDAP server is needed for is there, and nothing that has no use.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkStrategy(strategy: string, hasLdapMetadata: boolean): void {
  if ((strategy === 'LDAP') === hasLdapMetadata) return;
  throw refuse(
    'ldapServerMetadata',
    hasLdapMetadata
      ? 'LDAP server metadata can only be given with authentication strategy [LDAP].'
      : 'LDAP server metadata is required with authentication strategy [LDAP].',
  );
}

/** The logs to enable. */
export interface LogsRequest {
  readonly general?: boolean | undefined;
  readonly audit?: boolean | undefined;
}

/** @throws {ControlError} 'bad-request' if the kind of broker does not have a requested log */
export function checkLogs(logs: LogsRequest | undefined, { engineName, rules }: Offer): void {
  if (logs?.audit === undefined || rules.logs.includes('audit')) return;
  throw refuse('audit', `Audit logging is not supported for ${engineName} brokers.`);
}

/** @throws {ControlError} 'bad-request' */
export function checkSubnets(subnetIds: readonly string[], { rules }: Offer): void {
  const { subnetCountMax: max } = rules;
  if (subnetIds.length <= max) return;
  const allowed = max === 1 ? 'a single instance has 1' : `${max} are allowed`;
  throw refuse('subnetIds', `${subnetIds.length} subnets are given, ${allowed}.`);
}

/** @throws {ControlError} 'bad-request' */
export function checkMaintenanceWindow(window: MaintenanceWindow): void {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(window.timeOfDay)) {
    throw refuse(
      'timeOfDay',
      `Time of day [${window.timeOfDay}] is invalid. It must be HH:MM, 00:00 to 23:59.`,
    );
  }
  if (!isTimeZone(window.timeZone)) {
    throw refuse('timeZone', `Time zone [${window.timeZone}] is unknown.`);
  }
}

function isTimeZone(name: string): boolean {
  if (name === 'UTC' || /^(UTC|GMT)?[+-]\d{1,2}(:?\d{2})?$/.test(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Most tags that a broker or a configuration may have. */
const tagCountMax = 50;
/** The characters allowed in tag keys and values, as for all AWS services. */
const tagCharacters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Checks all tags that a broker or a configuration would have.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkTags(
  tags: Readonly<Record<string, string>>,
  owner: 'broker' | 'configuration' = 'broker',
): void {
  const keys = Object.keys(tags);
  if (keys.length > tagCountMax) {
    throw refuse(
      'tags',
      `The ${owner} would have ${keys.length} tags; at most ${tagCountMax} are allowed.`,
    );
  }
  for (const key of keys) {
    const value = tags[key] ?? '';
    if (key.length < 1 || key.length > 128) {
      throw refuse('tags', `A tag key has ${key.length} characters; 1 to 128 are allowed.`);
    }
    if (!tagCharacters.test(key) || !tagCharacters.test(value)) {
      throw refuse(
        'tags',
        `The tag with key [${key}] contains characters other than letters, digits, spaces and _.:/=+-@`,
      );
    }
    if (/^aws:/i.test(key)) throw refuse('tags', `Tag key [${key}] has the reserved prefix aws:.`);
    if (value.length > 256) {
      throw refuse('tags', `A tag value has ${value.length} characters; 0 to 256 are allowed.`);
    }
  }
}

/** @throws {ControlError} 'bad-request' */
export function checkSecurityGroups(groups: readonly string[]): void {
  if (groups.length > 5) {
    throw refuse(
      'securityGroups',
      `${groups.length} security groups are given; at most 5 are allowed.`,
    );
  }
}
