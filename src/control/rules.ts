import type { MaintenanceWindow } from './broker-record.ts';
import { ControlError } from './errors.ts';
import { engineVersions, instanceType, majorMinor } from './offers.ts';

/** Refuses a request. */
export function refuse(attribute: string, message: string): ControlError {
  return new ControlError('bad-request', message, attribute);
}

/**
 * 1 to 50 letters, digits, hyphens and underscores.
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
 * The first user of a RabbitMQ broker, who administers it.
 *
 * @throws {ControlError} 'bad-request'; the password is in no text
 */
export function checkUser(username: string, password: string): void {
  if (!/^[0-9A-Za-z._-]{2,100}$/.test(username)) {
    throw refuse(
      'username',
      `Username [${username.slice(0, 110)}] is invalid. It must be 2 to 100 characters long and ` +
        'contain only letters, digits, hyphens (-), periods (.) and underscores (_).',
    );
  }
  if (username === 'guest') throw refuse('username', 'Username [guest] is reserved.');
  const length = password.length;
  if (length < 12 || length > 250) {
    throw refuse('password', `The password has ${length} characters, 12 to 250 are allowed.`);
  }
  if (/[^\x20-\x7e]/.test(password) || /[,:=]/.test(password)) {
    throw refuse(
      'password',
      'The password must be of printable ASCII characters without commas (,), colons (:) and ' +
        'equal signs (=).',
    );
  }
  const different = new Set(password).size;
  if (different < 4) {
    throw refuse(
      'password',
      `The password has ${different} different characters, at least 4 are needed.`,
    );
  }
}

/**
 * Engine version and instance type must go together.
 *
 * @param version as asked for; undefined for the newest that the instance type has
 * @returns the version that the broker will have
 * @throws {ControlError} 'bad-request'
 */
export function checkOffer(hostInstanceType: string, version: string | undefined): string {
  const offer = instanceType(hostInstanceType);
  if (offer === undefined) {
    throw refuse(
      'hostInstanceType',
      `Broker engine type [RabbitMQ] does not support host instance type [${hostInstanceType}].`,
    );
  }
  const [newest = ''] = offer.engineVersions;
  if (version === undefined) return newest;
  if (!/^\d+\.\d+(\.\d+)?$/.test(version) || !engineVersions.includes(majorMinor(version))) {
    throw refuse(
      'engineVersion',
      `Broker engine version [${version}] is invalid. ` +
        `Valid values are: [${engineVersions.join(', ')}]`,
    );
  }
  if (!offer.engineVersions.includes(majorMinor(version))) {
    throw refuse(
      'hostInstanceType',
      `Broker engine type [RabbitMQ] does not support host instance type [${hostInstanceType}] ` +
        `with engine version [${version}]. ` +
        `Versions with this instance type: [${offer.engineVersions.join(', ')}]`,
    );
  }
  return version;
}

/** @throws {ControlError} 'bad-request' where patches would be refused */
export function checkMinorUpgrade(autoMinorVersionUpgrade: boolean): void {
  if (autoMinorVersionUpgrade) return;
  throw refuse(
    'autoMinorVersionUpgrade',
    'Automatic minor version upgrade must be enabled for RabbitMQ 3.13 and above.',
  );
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
    throw refuse('timeZone', `Time zone [${window.timeZone}] is not known.`);
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

/** Most tags that a broker may have. */
const tagCountMax = 50;
/** What keys and values of tags are made of, as for all of AWS's services. */
const tagCharacters = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Tags that a broker is to have in the end.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const keys = Object.keys(tags);
  if (keys.length > tagCountMax) {
    throw refuse('tags', `The broker would have ${keys.length} tags, ${tagCountMax} are allowed.`);
  }
  for (const key of keys) {
    const value = tags[key] ?? '';
    if (key.length < 1 || key.length > 128) {
      throw refuse('tags', `A tag key has ${key.length} characters, 1 to 128 are allowed.`);
    }
    if (!tagCharacters.test(key) || !tagCharacters.test(value)) {
      throw refuse(
        'tags',
        `The tag with key [${key}] has other characters than letters, digits, spaces and _.:/=+-@`,
      );
    }
    if (/^aws:/i.test(key)) throw refuse('tags', `Tag key [${key}] has the reserved prefix aws:.`);
    if (value.length > 256) {
      throw refuse('tags', `A tag value has ${value.length} characters, 0 to 256 are allowed.`);
    }
  }
}

/** @throws {ControlError} 'bad-request' */
export function checkSecurityGroups(groups: readonly string[]): void {
  if (groups.length > 5) {
    throw refuse('securityGroups', `${groups.length} security groups are given, 5 are allowed.`);
  }
}
