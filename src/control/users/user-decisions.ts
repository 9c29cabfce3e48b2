// Decisions on requests about users.

import { isDeepStrictEqual } from 'node:util';
import type { BrokerRecord, PendingSettings, UserRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { Decided } from '../creation.ts';
import type { Engines } from '../engines.ts';
import { ControlError } from '../errors.ts';
import { offerOf } from '../offers/offers.ts';
import { refuse } from '../rules.ts';
import {
  checkPassword,
  checkUserChanges,
  checkUsername,
  type UserChanges,
  type UserRequest,
} from './user-rules.ts';

/** The change of a user at the next reboot. */
export type PendingChange = 'CREATE' | 'UPDATE' | 'DELETE';

/** The current and the pending state of a user. */
export interface UserState {
  readonly username: string;
  /** Undefined until the reboot that creates the user. */
  readonly current: UserRecord | undefined;
  /** Undefined if the next reboot deletes the user. */
  readonly next: UserRecord | undefined;
  /** Undefined if the next reboot does not change the user. */
  readonly pendingChange: PendingChange | undefined;
}

/** Returns all users of a broker by name, including those with a pending creation or deletion. */
export function usersOf({ users, pending }: Pick<BrokerRecord, 'users' | 'pending'>): UserState[] {
  const current = new Map(users.map((user) => [user.username, user]));
  const next = new Map((pending.users ?? users).map((user) => [user.username, user]));
  const names = [...new Set([...current.keys(), ...next.keys()])].sort();
  return names.map((username) => {
    const [before, after] = [current.get(username), next.get(username)];
    return { username, current: before, next: after, pendingChange: changeOf(before, after) };
  });
}

function changeOf(
  before: UserRecord | undefined,
  after: UserRecord | undefined,
): PendingChange | undefined {
  if (before === undefined) return 'CREATE';
  if (after === undefined) return 'DELETE';
  return isDeepStrictEqual(before, after) ? undefined : 'UPDATE';
}

/**
 * Decides on requests about the users of brokers that are managed through the Amazon MQ API. All
 * changes take effect at the next reboot. Returned functions must be called, and returned changes
 * applied, in the tick in which the decision was made.
 */
export class UserDecisions {
  readonly #brokers: Brokers;
  readonly #engines: Pick<Engines, 'offerOf'>;
  readonly #hashPassword: (password: string) => Promise<string>;

  constructor(
    brokers: Brokers,
    engines: Pick<Engines, 'offerOf'>,
    hashPassword: (password: string) => Promise<string>,
  ) {
    this.#brokers = brokers;
    this.#engines = engines;
    this.#hashPassword = hashPassword;
  }

  /** Hashes a password as the engine of a broker checks it. */
  async #hashed(broker: BrokerRecord, password: string): Promise<string> {
    const { hashPassword = this.#hashPassword } = this.#engines.offerOf(broker);
    return hashPassword(password);
  }

  /**
   * Returns the broker whose users a request concerns.
   *
   * @throws {ControlError} 'not-found'; 'bad-request' if its users are not managed through the API
   */
  requireBroker(brokerId: string): BrokerRecord {
    const broker = this.#brokers.require(brokerId);
    const { engineName, rules } = offerOf(broker);
    if (rules.users.hasGroups) return broker;
    throw refuse(
      'broker-id',
      `Users of a broker with engine type [${engineName}] cannot be managed here. To manage ` +
        `broker users, please use the ${engineName} web console, or the management API.`,
    );
  }

  /** @throws {ControlError} 'not-found', 'bad-request' */
  require(brokerId: string, username: string): UserState {
    return requireUser(this.requireBroker(brokerId), username);
  }

  /** @throws {ControlError} 'not-found', 'bad-request', 'conflict' */
  async create(
    brokerId: string,
    { username, ...request }: UserRequest,
  ): Promise<() => Decided<BrokerRecord>> {
    const present = this.#changeable(brokerId);
    this.#checkNew(present, username);
    checkPassword(request.password);
    checkUserChanges(request);
    const passwordHash = await this.#hashed(present, request.password);
    return () => {
      const broker = this.#changeable(brokerId);
      this.#checkNew(broker, username);
      const user = changedUser(
        { username, passwordHash, groups: [], consoleAccess: false },
        request,
      );
      return this.#set(broker, [...nextUsers(broker), user]);
    };
  }

  #checkNew(broker: BrokerRecord, username: string): void {
    const { rules } = offerOf(broker);
    checkUsername(username, rules.users);
    if (usersOf(broker).some((user) => user.username === username)) {
      const text = `User with name [${username}] already exists. Usernames must be unique in a broker.`;
      throw new ControlError('conflict', text, 'username');
    }
    const { max } = rules.users;
    if (nextUsers(broker).length >= max) {
      throw refuse(
        'username',
        `Broker [${broker.id}] has ${max} users, which is the most allowed.`,
      );
    }
  }

  /**
   * @throws {ControlError} 'not-found', 'bad-request'; 'conflict' if the user has a pending
   * deletion
   */
  async update(
    brokerId: string,
    username: string,
    request: UserChanges,
  ): Promise<() => Decided<BrokerRecord>> {
    const present = this.#changeable(brokerId);
    requireKept(present, username);
    if (request.password !== undefined) checkPassword(request.password);
    const passwordHash =
      request.password === undefined ? undefined : await this.#hashed(present, request.password);
    return () => {
      const broker = this.#changeable(brokerId);
      const before = requireKept(broker, username);
      const user = changedUser(before, request, passwordHash);
      checkUserChanges(user);
      return this.#set(
        broker,
        nextUsers(broker).map((other) => (other.username === username ? user : other)),
      );
    };
  }

  /** @throws {ControlError} 'not-found', 'bad-request' */
  delete(brokerId: string, username: string): Decided<BrokerRecord> {
    const broker = this.#changeable(brokerId);
    requireUser(broker, username);
    return this.#set(
      broker,
      nextUsers(broker).filter((user) => user.username !== username),
    );
  }

  #changeable(brokerId: string): BrokerRecord {
    const broker = this.requireBroker(brokerId);
    const { id, state } = broker;
    if (state !== 'DELETION_IN_PROGRESS' && state !== 'CREATION_FAILED') return broker;
    throw refuse('brokerState', `Users of broker [${id}] cannot be changed in state ${state}.`);
  }

  #set(broker: BrokerRecord, users: readonly UserRecord[]): Decided<BrokerRecord> {
    const { users: _, ...others } = broker.pending;
    const isPending = !isDeepStrictEqual(users, broker.users);
    const pending: PendingSettings = { ...others, ...(isPending && { users }) };
    const changes = [this.#brokers.entry({ updated: broker.id, set: { pending } })];
    return { value: { ...broker, pending }, changes };
  }
}

function nextUsers({ users, pending }: BrokerRecord): readonly UserRecord[] {
  return pending.users ?? users;
}

function requireUser(broker: BrokerRecord, username: string): UserState {
  const user = usersOf(broker).find((each) => each.username === username);
  if (user !== undefined) return user;
  const text = `Can't find requested user [${username}]. Make sure your user exists.`;
  throw new ControlError('not-found', text, 'username');
}

function requireKept(broker: BrokerRecord, username: string): UserRecord {
  const { next } = requireUser(broker, username);
  if (next !== undefined) return next;
  const text = `User [${username}] is to be deleted with the next reboot and cannot be changed.`;
  throw new ControlError('conflict', text, 'username');
}

/** Applies the changes of a request to a user. */
function changedUser(
  user: UserRecord,
  { groups, consoleAccess, replicationUser }: UserChanges,
  passwordHash = user.passwordHash,
): UserRecord {
  return {
    ...user,
    passwordHash,
    ...(groups && { groups }),
    ...(consoleAccess !== undefined && { consoleAccess }),
    ...(replicationUser !== undefined && { replicationUser }),
  };
}
