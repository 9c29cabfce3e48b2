// The account's rules for passwords.

import { IamError } from '../errors.ts';
import type { PasswordRules } from '../records.ts';

/** The rules of an account that has set none. */
const defaultRules: PasswordRules = {
  lengthMin: 8,
  needsSymbols: false,
  needsNumbers: false,
  needsUppercase: false,
  needsLowercase: false,
  usersMayChange: false,
};

/** Without rules of its own, an account asks for three of the four kinds of characters. */
const kindCountMin = 3;

const symbol = /[!@#$%^&*()_+\-=[\]{}|']/;
const number = /[0-9]/;
const uppercase = /[A-Z]/;
const lowercase = /[a-z]/;

/**
 * Checks a new password.
 *
 * @param rules those of the account; undefined if it has set none
 * @param userName a password must not be the name of its user
 * @throws {IamError} 'PasswordPolicyViolation'
 */
export function checkPassword(
  password: string,
  rules: PasswordRules | undefined,
  userName: string,
): void {
  const { lengthMin, ...needs } = rules ?? defaultRules;
  if (password.length < lengthMin) {
    throw violation(`Password should have a minimum length of ${lengthMin}`);
  }
  const required: readonly (readonly [boolean, RegExp, string])[] = [
    [
      needs.needsSymbols,
      symbol,
      "one of the following symbols: ! @ # $ % ^ & * ( ) _ + - = [ ] { } | '",
    ],
    [needs.needsNumbers, number, 'one number'],
    [needs.needsUppercase, uppercase, 'one uppercase letter'],
    [needs.needsLowercase, lowercase, 'one lowercase letter'],
  ];
  for (const [isRequired, pattern, name] of required) {
    if (!isRequired || pattern.test(password)) continue;
    throw violation(`Password should have at least ${name}`);
  }
  if (rules !== undefined) return;
  const kinds = [symbol, number, uppercase, lowercase].filter((kind) => kind.test(password));
  if (kinds.length < kindCountMin) {
    throw violation(
      `Password should have at least ${kindCountMin} of: uppercase letter, lowercase letter, number, symbol`,
    );
  }
  if (password.toLowerCase() === userName.toLowerCase()) {
    throw violation('Password must not be identical to the user name');
  }
}

function violation(message: string): IamError {
  return new IamError('PasswordPolicyViolation', message);
}
