// Checks of passwords for the log-ins of a broker.

import { sourceOf, withoutPort } from '../../base/address.ts';
import type { LoginCheck, LoginOrigin } from '../../broker/logins/logins.ts';
import type { CheckOrigin } from '../../crypto/check-queue.ts';
import type { PasswordChecker, PasswordResult } from '../../crypto/password.ts';

/**
 * Checks a password against a hash. The result is there at once if the password was right before. The
 * hash of an unknown user is that of another one, whose password is wrong and answered like any other: the
 * time would tell which users exist.
 */
export function verifyPassword(
  passwords: PasswordChecker,
  password: string,
  hash: string,
  from: LoginOrigin,
): LoginCheck | Promise<LoginCheck> {
  const origin = new PasswordOrigin(from);
  const result = passwords.verify(password, hash, origin, () => from.user !== '');
  return typeof result === 'string' ? loginCheckOf(result) : result.then(loginCheckOf);
}

function loginCheckOf(result: PasswordResult): LoginCheck {
  return result === 'right' || (result === 'wrong' ? false : result);
}

/** The origin of a log-in, as the queue of password checks asks for it. */
class PasswordOrigin implements CheckOrigin {
  readonly user: string;
  readonly #from: LoginOrigin;

  constructor(from: LoginOrigin) {
    this.user = from.user;
    this.#from = from;
  }

  get source(): string {
    return sourceOf(withoutPort(this.#from.peerAddress));
  }

  get isGone(): boolean {
    return this.#from.isGone;
  }
}
