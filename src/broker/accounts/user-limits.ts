// The limits of users.

import { BrokerError } from '../errors.ts';
import { type UserLimitName, userLimitNames } from '../users.ts';

/** @throws {BrokerError} `precondition-failed` if there is no such limit */
export function requireUserLimitName(name: string): UserLimitName {
  const found = userLimitNames.find((known) => known === name);
  if (found !== undefined) return found;
  const text = `'${name.slice(0, 100)}' is no limit of a user; ${userLimitNames.join(' and ')} are`;
  throw new BrokerError('precondition-failed', text);
}

/**
 * Checks the value of a limit.
 *
 * @returns undefined for no limit
 * @throws {BrokerError} `precondition-failed` if it is not a whole number
 */
export function limitValue(name: string, value: number): number | undefined {
  if (!Number.isSafeInteger(value)) {
    throw new BrokerError('precondition-failed', `${name} ${value} is not a whole number`);
  }
  return value < 0 ? undefined : value;
}
