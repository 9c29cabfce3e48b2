// Rules for the members of requests about brokers.

import type { MaintenanceWindow } from './broker-record.ts';
import { ControlError } from './errors.ts';
import type { Offer, UserRules } from './offers/offer.ts';

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

/** Maximum number of groups of a user. */
const groupCountMax = 20;

/** A user in a request. */
export interface UserRequest {
  readonly username: string;
  readonly password: string;
  readonly consoleAccess?: boolean | undefined;
  readonly groups?: readonly string[] | undefined;
}

/**
 * Checks the initial users of a broker.
 *
 * @throws {ControlError} 'bad-request'; the message never contains the password
 */
export function checkUsers(users: readonly UserRequest[], offer: Offer): void {
  const { min, max, hasGroups } = offer.rules.users;
  if (users.length < min || users.length > max) {
    const allowed = min === max ? `exactly ${min}` : `${min} to ${max}`;
    const kind = `${withArticle(offer.engineName)} broker`;
    throw refuse('users', `${users.length} users are given; ${kind} is created with ${allowed}.`);
  }
  const names = new Set<string>();
  for (const user of users) {
    checkUsername(user.username, offer.rules.users);
    checkPassword(user.password);
    if (hasGroups) checkGroups(user.groups ?? []);
    if (names.has(user.username)) {
      throw refuse('username', `Username [${user.username}] is given twice.`);
    }
    names.add(user.username);
  }
}

function withArticle(name: string): string {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

function checkUsername(username: string, rules: UserRules): void {
  if (!rules.username.test(username)) {
    throw refuse(
      'username',
      `Username [${username.slice(0, 110)}] is invalid. It must be 2 to 100 characters long and ` +
        `contain only ${rules.usernameCharacters}.`,
    );
  }
  if (rules.reservedUsernames.includes(username)) {
    throw refuse('username', `Username [${username}] is reserved.`);
  }
}

function checkPassword(password: string): void {
  const length = password.length;
  if (length < 12 || length > 250) {
    throw refuse('password', `The password has ${length} characters; 12 to 250 are allowed.`);
  }
  if (/[^\x20-\x7e]/.test(password) || /[,:=]/.test(password)) {
    throw refuse(
      'password',
      'The password must consist of printable ASCII characters without commas (,), colons (:) and ' +
        'equal signs (=).',
    );
  }
  const different = new Set(password).size;
  if (different < 4) {
    throw refuse(
      'password',
      `The password has ${different} different characters; at least 4 are required.`,
    );
  }
}

function checkGroups(groups: readonly string[]): void {
  if (groups.length > groupCountMax) {
    throw refuse(
      'groups',
      `The user is in ${groups.length} groups; at most ${groupCountMax} are allowed.`,
    );
  }
  const wrong = groups.find((group) => !/^[0-9A-Za-z._~-]{2,100}$/.test(group));
  if (wrong === undefined) return;
  throw refuse(
    'groups',
    `Group [${wrong.slice(0, 110)}] is invalid. It must be 2 to 100 characters long and contain ` +
      'only letters, digits, hyphens (-), periods (.), underscores (_) and tildes (~).',
  );
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
  const { authenticationStrategy: strategy, dataReplicationMode: mode, configuration } = request;
  if (strategy !== undefined && !rules.authenticationStrategies.includes(strategy)) {
    throw refuse(
      'authenticationStrategy',
      `Authentication strategy [${strategy}] is invalid for engine type [${engineName}]. ` +
        `Valid values are: [${rules.authenticationStrategies.join(', ')}]`,
    );
  }
  if (configuration !== undefined) {
    throw refuse(
      'configuration',
      `Can't find requested configuration [${configuration.id}]. ` +
        'Make sure your configuration exists.',
    );
  }
  if (request.ldapServerMetadata !== undefined && !rules.hasLdap) {
    throw refuse('ldapServerMetadata', `LDAP is not supported for ${engineName} brokers.`);
  }
  if (request.storageSize !== undefined && !rules.hasStorageSize) {
    throw refuse(
      'storageSize',
      'A storage size can only be given for cluster deployments of RabbitMQ.',
    );
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
  readonly configuration?: { readonly id: string } | undefined;
  readonly ldapServerMetadata?: unknown;
  readonly storageSize?: number | undefined;
  readonly dataReplicationMode?: string | undefined;
  readonly dataReplicationPrimaryBrokerArn?: string | undefined;
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
  if (/^(UTC|GMT)?[+-]\d{1,2}(:?\d{2})?$/.test(name)) return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Maximum number of tags of a broker. */
const tagCountMax = 50;
/** The characters allowed in tag keys and values, as for all AWS services. */
const tagCharacters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Checks the complete set of tags of a broker.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const keys = Object.keys(tags);
  if (keys.length > tagCountMax) {
    throw refuse(
      'tags',
      `The broker would have ${keys.length} tags; at most ${tagCountMax} are allowed.`,
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
