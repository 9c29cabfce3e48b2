// Log-ins of users.

import type { X509Certificate } from 'node:crypto';
import { BrokerError } from '../errors.ts';
import { type Access, everything, type User, type Users } from '../users.ts';
import { LoginAttempts } from './attempts.ts';
import type { LoginRights } from './rights.ts';

/** The reasons for failed log-ins. */
export const loginFailures = [
  'wrong-password',
  'unknown-user',
  /** The token is malformed, expired, not signed by a known key, or for another service. */
  'token-refused',
  /** The mechanism is unknown, or its data is malformed. */
  'malformed',
  /** Too many log-ins are waiting. */
  'busy',
  /** The directory, or another service that checks log-ins, did not answer. */
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
  /** Whether the password is a token and nothing else, as in the scheme `Bearer` of HTTP. */
  readonly isToken?: boolean;
  /** Whether the user has proven its name by a certificate, so that no password is checked. */
  readonly isProven?: boolean;
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

/** The connection whose credential is renewed. */
export type RenewalOrigin = Pick<LoginAttempt, 'peerAddress' | 'protocol'>;

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
  /** A user of a directory with all permissions, which its groups restrict. */
  | { readonly groups: readonly string[] }
  /** A user with its rights, whose name may differ from the one in the attempt. */
  | { readonly user: User }
  | 'unknown-user'
  | 'wrong-password'
  | 'token-refused'
  | 'busy'
  | 'gone'
  | 'unavailable';

/** Users that are not stored in the broker, such as those of an LDAP server. */
export interface UserDirectory {
  /** Whether passwords are tokens. Then it is asked first about what has the form of one. */
  readonly takesTokens?: boolean;
  /** Checks a log-in. Must not throw. */
  check(attempt: LoginAttempt): Promise<DirectoryAnswer>;
}

/** One of the services that are asked about a log-in. `internal`: the broker's own users. */
export type LoginService = 'internal' | UserDirectory;

/** The parts that log-ins need. */
export interface LoginOptions {
  /** If given, only users of the directory can log in. */
  readonly directory?: UserDirectory | undefined;
  /**
   * If given, a log-in succeeds if one of these services accepts it. They are asked in this order. One that
   * does not answer counts as a refusal.
   */
  readonly loginServices?: readonly LoginService[] | undefined;
  /** The SASL mechanisms: PLAIN and AMQPLAIN by default. */
  readonly mechanisms?: readonly string[] | undefined;
  /** Returns the user name in the certificate of a client, for the mechanism EXTERNAL. */
  readonly certificateName?:
    | ((certificate: X509Certificate) => Promise<string | undefined>)
    | undefined;
  /** Checks a password against a hash. */
  readonly verifyPassword: (
    password: string,
    hash: string,
    origin: LoginOrigin,
  ) => LoginCheck | Promise<LoginCheck>;
  /** Called for each failed log-in. */
  readonly onLoginFailed?: (failure: LoginFailure) => void;
  /** Called for each log-in that succeeded. Must not throw. */
  readonly onLoggedIn?: (login: SuccessfulLogin) => void;
}

const passwordMechanisms: readonly string[] = ['PLAIN', 'AMQPLAIN'];

/** Checks and counts log-ins. */
export class Logins {
  /** Successful log-ins since the process started. */
  successCount = 0;
  /** Failed log-ins since the process started. */
  readonly failureCounts = new Map<LoginFailureReason, number>();
  /** Attempts by protocol, which administrators can reset. */
  readonly attempts = new LoginAttempts();
  readonly #users: Users;
  readonly #options: LoginOptions;

  constructor(users: Users, options: LoginOptions) {
    this.#users = users;
    this.#options = options;
  }

  /**
   * Returns the user with this name and password, or of this token; undefined if the log-in is
   * refused. Takes the same time for unknown users.
   *
   * @throws {BrokerError} `resource-error` if too many log-ins are waiting, or the only directory
   *   does not answer
   */
  async check(attempt: LoginAttempt): Promise<User | undefined> {
    const { directory, loginServices } = this.#options;
    let failure: Failed | undefined;
    for (const service of inOrder(loginServices ?? [directory ?? 'internal'], attempt)) {
      const outcome = await this.#ask(service, attempt);
      if ('name' in outcome) {
        this.#succeeded(outcome.name, attempt);
        return outcome;
      }
      failure = firstOf(failure, outcome);
    }
    const { user, reason } = failure ?? { user: undefined, reason: 'unknown-user' };
    const { peerAddress } = attempt;
    this.failed({ user, peerAddress, ...protocolOf(attempt), reason });
    if (reason === 'busy') throw tooMany();
    if (reason !== 'unavailable' || loginServices !== undefined) return undefined;
    throw new BrokerError(
      'resource-error',
      'log-ins cannot be checked at present; try again later',
    );
  }

  #ask(service: LoginService, attempt: LoginAttempt): Promise<User | Failed> {
    return service === 'internal' ? this.#checkOwn(attempt) : askDirectory(service, attempt);
  }

  /** The SASL mechanisms that clients can use. */
  get mechanisms(): readonly string[] {
    return this.#options.mechanisms ?? passwordMechanisms;
  }

  /**
   * Checks a log-in with a certificate: its user must be one of the broker's own.
   *
   * @param certificate a verified one; undefined if the client has shown none
   * @returns undefined if the log-in is refused
   */
  async checkCertificate(
    certificate: X509Certificate | undefined,
    attempt: Omit<LoginAttempt, 'username' | 'password' | 'isProven'>,
  ): Promise<User | undefined> {
    const name = certificate && (await this.#options.certificateName?.(certificate));
    if (name !== undefined && name !== '') {
      return this.check({ ...attempt, username: name, password: '', isProven: true });
    }
    const { peerAddress } = attempt;
    this.failed({ user: undefined, peerAddress, ...protocolOf(attempt), reason: 'unknown-user' });
    return undefined;
  }

  async #checkOwn(attempt: LoginAttempt): Promise<User | Failed> {
    const { username, password } = attempt;
    const user = this.#users.get(username);
    if (attempt.isProven) return user ?? { user: undefined, reason: 'unknown-user' };
    const hash = user?.passwordHash ?? this.#anyHash();
    const origin = new AttemptOrigin(attempt, user?.name ?? '');
    const found = await this.#options.verifyPassword(password, hash, origin);
    const current = found === true && user !== undefined ? this.#users.get(username) : undefined;
    return current ?? { user: user?.name, reason: reasonOf(found, user) };
  }

  /** The hash of any user, whose password an unknown user is checked against. */
  #anyHash(): string {
    const [any] = this.#users.all();
    return any?.passwordHash ?? '';
  }

  /**
   * Renews the credential of a connection, with the texts of RabbitMQ. A credential that is only checked at
   * the log-in needs no renewal.
   *
   * @param access keeps its rights if this fails
   * @throws {BrokerError} `not-allowed`
   */
  async renew(access: Access, secret: string, origin: RenewalOrigin): Promise<void> {
    const renewed = await access.loginRights?.renewed?.(secret);
    if (renewed === undefined) return;
    if (typeof renewed !== 'string') {
      access.renew(renewed);
      return;
    }
    const reason = renewed === 'refused' ? 'token-refused' : 'unavailable';
    this.failed({ user: access.user, ...origin, reason });
    const text =
      renewed === 'refused'
        ? 'New secret was refused by one of the backends'
        : 'Secret update failed';
    throw new BrokerError('not-allowed', text);
  }

  #succeeded(user: string, attempt: LoginAttempt): void {
    this.successCount++;
    this.attempts.add(attempt.protocol, 'succeeded');
    const { peerAddress } = attempt;
    this.#options.onLoggedIn?.({ user, peerAddress, ...protocolOf(attempt) });
  }

  /** Counts and reports a failed log-in. */
  failed(failure: LoginFailure): void {
    const { reason, protocol } = failure;
    this.attempts.add(protocol, 'failed');
    this.failureCounts.set(reason, (this.failureCounts.get(reason) ?? 0) + 1);
    this.#options.onLoginFailed?.(failure);
  }
}

/** The origin of an attempt, which may be gone at any time. */
class AttemptOrigin implements LoginOrigin {
  readonly peerAddress: string;
  readonly user: string;
  readonly #attempt: LoginAttempt;

  constructor(attempt: LoginAttempt, user: string) {
    this.peerAddress = attempt.peerAddress;
    this.user = user;
    this.#attempt = attempt;
  }

  get isGone(): boolean {
    return this.#attempt.isGone;
  }
}

function protocolOf({ protocol }: Pick<LoginAttempt, 'protocol'>) {
  return protocol === undefined ? {} : { protocol };
}

/** Why a service did not accept a log-in. */
interface Failed {
  /** The user name if the user exists. */
  readonly user: string | undefined;
  readonly reason: LoginFailureReason;
}

/** The failures that are reported rather than others, if several services were asked. */
const tellingReasons: readonly LoginFailureReason[] = [
  'busy',
  'unavailable',
  'wrong-password',
  'token-refused',
];

function firstOf(one: Failed | undefined, other: Failed): Failed {
  if (one === undefined) return other;
  const rank = ({ reason }: Failed) => {
    const at = tellingReasons.indexOf(reason);
    return at < 0 ? tellingReasons.length : at;
  };
  return rank(other) < rank(one) ? other : one;
}

/** Three parts in base64url: a signed token in compact form (RFC 7515). */
const tokenForm = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/**
 * The services to ask about a log-in. A check of a password takes long on purpose, so a password that
 * looks like a token is first checked as one.
 */
function inOrder(
  services: readonly LoginService[],
  { password, isToken = false, isProven = false }: LoginAttempt,
): readonly LoginService[] {
  const takesTokens = (service: LoginService) =>
    service !== 'internal' && service.takesTokens === true;
  if (isProven) return services.filter((service) => service === 'internal');
  if (isToken) return services.filter(takesTokens);
  if (services.length === 1 || !tokenForm.test(password)) return services;
  const others = services.filter((service) => !takesTokens(service));
  return [...services.filter(takesTokens), ...others];
}

async function askDirectory(
  directory: UserDirectory,
  attempt: LoginAttempt,
): Promise<User | Failed> {
  const { username } = attempt;
  const answer = await directory.check(attempt);
  if (typeof answer === 'string') {
    return { user: answer === 'wrong-password' ? username : undefined, reason: answer };
  }
  if ('user' in answer) return answer.user;
  return { ...directoryUser, name: username, groups: answer.groups };
}

/** Users that are not stored in the broker. */
const foreignUser: Omit<User, 'name' | 'groups'> = {
  passwordHash: '',
  tags: [],
  permissions: new Map(),
  topicPermissions: new Map(),
  limits: new Map(),
  revision: 0,
};

/** What users of a directory have in common. Their groups restrict their permissions. */
const directoryUser = { ...foreignUser, permissions: new Map([['/', everything]]) };

/** A user that is not stored in the broker, with the rights of its log-in. */
export function userWithRights(name: string, rights: LoginRights): User {
  return { ...foreignUser, name, tags: rights.tags, rights };
}

function tooMany(): BrokerError {
  return new BrokerError('resource-error', 'too many log-ins wait to be checked; try again later');
}

function reasonOf(found: LoginCheck, user: User | undefined): LoginFailureReason {
  if (typeof found === 'string') return found;
  return user === undefined ? 'unknown-user' : 'wrong-password';
}
