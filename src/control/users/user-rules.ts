// Rules for the users of brokers.

import type { Offer, UserRules } from '../offers/offer.ts';
import { refuse } from '../rules.ts';

/** Maximum number of groups of a user. */
const groupCountMax = 20;

/** A user in a request for a broker. */
export interface UserRequest extends UserChanges {
  readonly username: string;
  readonly password: string;
}

/** The changes of a user. Members that are not given stay unchanged. */
export interface UserChanges {
  readonly password?: string | undefined;
  readonly consoleAccess?: boolean | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly replicationUser?: boolean | undefined;
}

/**
 * Validates the users of a new broker.
 *
 * @param strategy the authentication strategy; only brokers with `SIMPLE` have their own users
 * @throws {ControlError} 'bad-request'; the text never contains the password
 */
export function checkUsers(users: readonly UserRequest[], offer: Offer, strategy: string): void {
  const { max, hasGroups } = offer.rules.users;
  const min = strategy === 'SIMPLE' ? offer.rules.users.min : 0;
  if (users.length < min || users.length > max) {
    const allowed = min === max ? `exactly ${min}` : `${min} to ${max}`;
    const kind = `${withArticle(offer.engineName)} broker`;
    throw refuse('users', `${users.length} users are given; ${kind} is created with ${allowed}.`);
  }
  const names = new Set<string>();
  for (const user of users) {
    checkUsername(user.username, offer.rules.users);
    checkPassword(user.password);
    if (hasGroups) checkUserChanges(user);
    if (names.has(user.username)) {
      throw refuse('username', `Username [${user.username}] is given twice.`);
    }
    names.add(user.username);
  }
}

function withArticle(name: string): string {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** @throws {ControlError} 'bad-request' */
export function checkUsername(username: string, rules: UserRules): void {
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

/** @throws {ControlError} 'bad-request'; the text never contains the password */
export function checkPassword(password: string): void {
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

/**
 * Validates the groups and roles of a user. The password is validated separately.
 *
 * @throws {ControlError} 'bad-request'
 */
export function checkUserChanges({
  groups = [],
  consoleAccess,
  replicationUser,
}: UserChanges): void {
  if (groups.length > groupCountMax) {
    throw refuse(
      'groups',
      `The user is in ${groups.length} groups; at most ${groupCountMax} are allowed.`,
    );
  }
  const wrong = groups.find((group) => !/^[0-9A-Za-z._~-]{2,100}$/.test(group));
  if (wrong !== undefined) {
    throw refuse(
      'groups',
      `Group [${wrong.slice(0, 110)}] is invalid. It must be 2 to 100 characters long and contain ` +
        'only letters, digits, hyphens (-), periods (.), underscores (_) and tildes (~).',
    );
  }
  if (consoleAccess === true && replicationUser === true) {
    throw refuse(
      'replicationUser',
      "Replication user couldn't have console access. [replicationUser] and [consoleAccess] are " +
        'mutually exclusive parameters.',
    );
  }
}
