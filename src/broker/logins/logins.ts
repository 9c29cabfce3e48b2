// Log-ins of users.

import { BrokerError } from '../errors.ts';
import { everything, type User, type Users } from '../users.ts';

/** The reasons for failed log-ins. */
export const loginFailures = [
  'wrong-password',
  'unknown-user',
  /** The mechanism is unknown, or its data is malformed. */
  'malformed',
  /** Too many log-ins are waiting. */
  'busy',
  /** The directory did not answer. */
  'unavailable',
  /** The client disconnected before its log-in was checked. */
  'gone',
] as const;
/** One of {@link loginFailures}. */
export type LoginFailureReason = (typeof loginFailures)[number];

/** A log-in attempt. */
export interface LoginAttempt {
  readonly username: string;
  readonly password: string;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  /** The client's protocol, such as `AMQP 0-9-1`, for reports. */
  readonly protocol?: string;
  /**
   * Whether the client has disconnected, so that the log-in need not be checked. Set by the
   * connection.
   */
  isGone: boolean;
}

/** A failed log-in, in the form that may be reported. */
export interface LoginFailure {
  /** The user name if the user exists. Other names are left out, because they may be passwords. */
  readonly user: string | undefined;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  readonly protocol?: string;
  readonly reason: LoginFailureReason;
}

/** A log-in that succeeded. */
export interface SuccessfulLogin {
  readonly user: string;
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  readonly protocol?: string;
}

/** The origin of a log-in attempt. */
export interface LoginOrigin {
  /** `127.0.0.1:54321` */
  readonly peerAddress: string;
  /** Empty if the user does not exist. */
  readonly user: string;
  readonly isGone: boolean;
}

/** Whether a password is correct, or why this was not determined. */
export type LoginCheck = boolean | 'busy' | 'gone';

/** The answer of a directory about a log-in. */
export type DirectoryAnswer =
  | { readonly groups: readonly string[] }
  | 'unknown-user'
  | 'wrong-password'
  | 'busy'
  | 'gone'
  | 'unavailable';

/** Users that are not stored in the broker, such as those of an LDAP server. */
export interface UserDirectory {
  /** Checks a log-in. Must not throw. */
  check(attempt: LoginAttempt): Promise<DirectoryAnswer>;
}

/** The parts that log-ins need. */
export interface LoginOptions {
  /** If given, only users of the directory can log in. */
  readonly directory?: UserDirectory | undefined;
  /** Checks a password against a hash. */
  readonly verifyPassword: (
    password: string,
    hash: string,
    origin: LoginOrigin,
  ) => Promise<LoginCheck>;
  /** Called for each failed log-in. */
  readonly onLoginFailed?: (failure: LoginFailure) => void;
  /** Called for each log-in that succeeded. Must not throw. */
  readonly onLoggedIn?: (login: SuccessfulLogin) => void;
}

/** Checks and counts log-ins. */
export class Logins {
  /** Successful log-ins since the process started. */
  successCount = 0;
  /** Failed log-ins since the process started. */
  readonly failureCounts = new Map<LoginFailureReason, number>();
  readonly #users: Users;
  readonly #options: LoginOptions;

  constructor(users: Users, options: LoginOptions) {
    this.#users = users;
    this.#options = options;
  }

  /**
   * Returns the user with this name and password; undefined if they do not match. Takes the same
   * time for unknown users.
   *
   * @throws {BrokerError} `resource-error` if too many log-ins are waiting, or the directory does
   *   not answer
   */
  check(attempt: LoginAttempt): Promise<User | undefined> {
    const { directory } = this.#options;
    return directory === undefined ? this.#check(attempt) : this.#ask(directory, attempt);
  }

  async #check(attempt: LoginAttempt): Promise<User | undefined> {
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
      this.#succeeded(username, attempt);
      return this.#users.get(username);
    }
    const reason = reasonOf(found, user);
    this.failed({ user: user?.name, peerAddress, ...protocolOf(attempt), reason });
    if (found === 'busy') throw tooMany();
    return undefined;
  }

  async #ask(directory: UserDirectory, attempt: LoginAttempt): Promise<User | undefined> {
    const { username, peerAddress } = attempt;
    const answer = await directory.check(attempt);
    if (typeof answer !== 'string') {
      this.#succeeded(username, attempt);
      const { groups } = answer;
      return { ...directoryUser, name: username, groups };
    }
    const isKnown = answer === 'wrong-password';
    const user = isKnown ? username : undefined;
    this.failed({ user, peerAddress, ...protocolOf(attempt), reason: answer });
    if (answer === 'busy') throw tooMany();
    if (answer !== 'unavailable') return undefined;
    throw new BrokerError(
      'resource-error',
      'log-ins cannot be checked at present; try again later',
    );
  }

  #succeeded(user: string, attempt: LoginAttempt): void {
    this.successCount++;
    const { peerAddress } = attempt;
    this.#options.onLoggedIn?.({ user, peerAddress, ...protocolOf(attempt) });
  }

  /** Counts and reports a failed log-in. */
  failed(failure: LoginFailure): void {
    const { reason } = failure;
    this.failureCounts.set(reason, (this.failureCounts.get(reason) ?? 0) + 1);
    this.#options.onLoginFailed?.(failure);
  }
}

function protocolOf({ protocol }: LoginAttempt) {
  return protocol === undefined ? {} : { protocol };
}

/** What users of a directory have in common. Their groups restrict their permissions. */
const directoryUser: Omit<User, 'name' | 'groups'> = {
  passwordHash: '',
  tags: [],
  permissions: new Map([['/', everything]]),
  topicPermissions: new Map(),
  limits: new Map(),
  revision: 0,
};

function tooMany(): BrokerError {
  return new BrokerError('resource-error', 'too many log-ins wait to be checked; try again later');
}

function reasonOf(found: LoginCheck, user: User | undefined): LoginFailureReason {
  if (typeof found === 'string') return found;
  return user === undefined ? 'unknown-user' : 'wrong-password';
}
