import { BrokerError } from '../errors.ts';
import type { User, Users } from '../users.ts';

/** Why a log-in failed. */
export const loginFailures = [
  'wrong-password',
  'unknown-user',
  /** The mechanism is unknown, or what was sent for it cannot be read. */
  'malformed',
  /** Too many log-ins wait to be checked. */
  'busy',
  /** The client was gone before its turn came. */
  'gone',
] as const;
/** One of {@link loginFailures}. */
export type LoginFailureReason = (typeof loginFailures)[number];

/** A client that wants to log in. */
export interface LoginAttempt {
  readonly username: string;
  readonly password: string;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  /** Whether the client is gone; set by who made the attempt, so that it need not be checked. */
  isGone: boolean;
}

/** A log-in that failed, as others may hear of it. */
export interface LoginFailure {
  /** The user's name where there is such a user: what else was sent may be a password. */
  readonly user: string | undefined;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  readonly reason: LoginFailureReason;
}

/** Where an attempt comes from, for whoever checks its password. */
export interface LoginOrigin {
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  /** Empty where there is no such user. */
  readonly user: string;
  readonly isGone: boolean;
}

/** Whether a password is right; or that this was not found out. */
export type LoginCheck = boolean | 'busy' | 'gone';

/** What log-ins are checked with. */
export interface LoginOptions {
  /** Whether a password is the one that was hashed. */
  readonly verifyPassword: (
    password: string,
    hash: string,
    origin: LoginOrigin,
  ) => Promise<LoginCheck>;
  /** Hears of each log-in that failed. */
  readonly onLoginFailed?: (failure: LoginFailure) => void;
}

/** Lets users log in, and counts. */
export class Logins {
  /** Log-ins that succeeded since the broker's process began. */
  successCount = 0;
  /** Log-ins that failed since then. */
  readonly failureCounts = new Map<LoginFailureReason, number>();
  readonly #users: Users;
  readonly #options: LoginOptions;

  constructor(users: Users, options: LoginOptions) {
    this.#users = users;
    this.#options = options;
  }

  /**
   * The user whose password this is; undefined where it is not. Takes as long for unknown users.
   *
   * @throws {BrokerError} `resource-error` where too many log-ins wait to be checked
   */
  async check(attempt: LoginAttempt): Promise<User | undefined> {
    const { username, password, peerAddress } = attempt;
    const user = this.#users.get(username);
    const [other] = this.#users.all();
    const hash = user?.passwordHash ?? other?.passwordHash ?? '';
    const origin: LoginOrigin = {
      peerAddress,
      user: user?.name ?? '',
      get isGone() {
        return attempt.isGone;
      },
    };
    const found = await this.#options.verifyPassword(password, hash, origin);
    if (found === true && user !== undefined) {
      this.successCount++;
      return this.#users.get(username);
    }
    this.failed({ user: user?.name, peerAddress, reason: reasonOf(found, user) });
    if (found !== 'busy') return undefined;
    throw new BrokerError('resource-error', 'too many log-ins wait to be checked; try again later');
  }

  /** Counts a log-in that failed, and tells of it. */
  failed(failure: LoginFailure): void {
    const { reason } = failure;
    this.failureCounts.set(reason, (this.failureCounts.get(reason) ?? 0) + 1);
    this.#options.onLoginFailed?.(failure);
  }
}

function reasonOf(found: LoginCheck, user: User | undefined): LoginFailureReason {
  if (typeof found === 'string') return found;
  return user === undefined ? 'unknown-user' : 'wrong-password';
}
