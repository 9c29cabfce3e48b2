// Passwords of users, by which they sign in.

import { sourceOf } from '../../../base/address.ts';
import type { Random } from '../../../base/random.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import { matchesHash, type PasswordChecker } from '../../../crypto/password.ts';
import { IamError, noSuchEntity } from '../errors.ts';
import type { IamJournal } from '../iam-journal.ts';
import type {
  AccountRecord,
  IamChange,
  PasswordRecord,
  PasswordRules,
  UserRecord,
} from '../records.ts';
import { changed, type IamResult } from '../result.ts';
import { checkPassword } from './password-rules.ts';

/** Maximum number of earlier passwords that are kept, whatever the rules say now. */
const earlierCountMax = 24;

const dayMs = 86_400_000;
/** Maximum length of the name of a user. */
const nameCharactersMax = 64;

/** A step that checks the state again and returns the changes, after a password was hashed. */
export type PasswordDecision = () => IamResult<PasswordRecord>;

/** The parts that passwords need. */
interface PasswordParts {
  readonly journal: IamJournal;
  readonly hash: (password: string) => Promise<string>;
  readonly checker: Pick<PasswordChecker, 'verify'>;
  readonly random: Random;
}

/** The passwords of users. Only hashes are stored. */
export class Passwords {
  readonly #parts: PasswordParts;
  #nobody: Promise<string> | undefined = undefined;

  constructor(parts: PasswordParts) {
    this.#parts = parts;
  }

  /** The password of a user; undefined if it has none. */
  find(user: UserRecord): PasswordRecord | undefined {
    return this.#parts.journal.password(user.id);
  }

  /** @throws {IamError} 'NoSuchEntity' */
  require(user: UserRecord): PasswordRecord {
    const found = this.find(user);
    if (found) return found;
    throw noSuchEntity(`Login Profile for User ${user.name} cannot be found.`);
  }

  /** Whether a password is older than the rules allow. */
  isExpired(password: PasswordRecord, nowMs: number): boolean {
    const { ageDaysMax } = this.rules ?? {};
    return ageDaysMax !== undefined && nowMs > password.changedMs + ageDaysMax * dayMs;
  }

  /** @throws {IamError} 'EntityAlreadyExists', 'PasswordPolicyViolation' */
  async create(
    user: UserRecord,
    password: string,
    mustChange: boolean,
    { nowMs }: CallContext,
  ): Promise<PasswordDecision> {
    const requireNone = () => {
      if (!this.find(user)) return;
      throw new IamError(
        'EntityAlreadyExists',
        `Login Profile for user ${user.name} already exists.`,
      );
    };
    requireNone();
    checkPassword(password, this.rules, user.name);
    const hash = await this.#parts.hash(password);
    return () => {
      requireNone();
      this.#requireUser(user);
      const record: PasswordRecord = {
        userId: user.id,
        hash,
        earlier: [],
        createdMs: nowMs,
        changedMs: nowMs,
        mustChange,
      };
      return { output: record, changes: [{ put: 'password', record }] };
    };
  }

  /**
   * Sets a password, as an administrator does.
   *
   * @param password undefined if it stays the same
   * @throws {IamError} 'NoSuchEntity', 'PasswordPolicyViolation'
   */
  async update(
    user: UserRecord,
    password: string | undefined,
    mustChange: boolean | undefined,
    call: CallContext,
  ): Promise<PasswordDecision> {
    const before = this.require(user);
    const replaced = password === undefined ? undefined : await this.#hashed(user, password);
    return () => {
      const now = this.#unchanged(user, before);
      const set = replaced === undefined ? now : { ...now, ...this.#replaced(now, replaced, call) };
      const record = { ...set, mustChange: mustChange ?? now.mustChange };
      return { output: record, changes: [{ put: 'password', record }] };
    };
  }

  /**
   * Changes the password of the calling user, who knows the old one.
   *
   * @throws {IamError} 'NoSuchEntity', 'AccessDenied', 'PasswordPolicyViolation'
   */
  async change(
    user: UserRecord,
    old: string,
    password: string,
    call: CallContext,
  ): Promise<PasswordDecision> {
    const before = this.require(user);
    const { rules } = this;
    if (rules?.hardExpiry === true && this.isExpired(before, call.nowMs)) {
      throw new IamError('AccessDenied', 'The password has expired; an administrator must set it.');
    }
    const origin = { source: call.sourceIp, user: `iam ${user.id}`, isGone: false };
    const result = await this.#parts.checker.verify(old, before.hash, origin);
    if (result === 'busy')
      throw new IamError('AccessDenied', 'Too many passwords are being checked.');
    if (result !== 'right') {
      throw new IamError('AccessDenied', 'The old password is incorrect.');
    }
    const hash = await this.#hashed(user, password);
    return () => {
      const now = this.#unchanged(user, before);
      const record = { ...now, ...this.#replaced(now, hash, call), mustChange: false };
      return { output: record, changes: [{ put: 'password', record }] };
    };
  }

  /**
   * Checks the password of somebody who signs in. A user that does not exist, or has no password, takes
   * as long as a wrong password.
   *
   * @param userName as it was typed; its attempts are limited whether the user exists or not
   * @param accept checks the other conditions of the sign-in, and is called if the password is right
   *   and was not replaced during the check. If it returns false, the result and its delay are those
   *   of a wrong password
   */
  async verify(
    userName: string,
    password: string,
    sourceIp: string,
    accept: (user: UserRecord, record: PasswordRecord) => boolean,
  ): Promise<'right' | 'wrong' | 'busy'> {
    const user = this.#parts.journal.users.named(userName);
    const record = user && this.find(user);
    const isAccepted = () => {
      const current = user && this.#parts.journal.users.byId(user.id);
      if (current === undefined) return false;
      const now = this.find(current);
      return now !== undefined && now.hash === record?.hash && accept(current, now);
    };
    const name = userName.slice(0, nameCharactersMax).toLowerCase();
    const origin = { source: sourceOf(sourceIp), user: `sign-in ${name}` };
    const hash = record?.hash ?? (await this.#nobodysHash());
    const { checker } = this.#parts;
    const result = await checker.verify(password, hash, { ...origin, isGone: false }, isAccepted);
    return result === 'gone' ? 'wrong' : result;
  }

  /** The change that records a sign-in with a password. */
  used(record: PasswordRecord, nowMs: number): IamChange {
    return { put: 'password', record: { ...record, usedMs: nowMs } };
  }

  /** A hash that no password fits. */
  #nobodysHash(): Promise<string> {
    this.#nobody ??= this.#parts.hash(this.#parts.random.bytes(32).toString('base64'));
    return this.#nobody;
  }

  /** @throws {IamError} 'NoSuchEntity' */
  delete(user: UserRecord): IamResult<undefined> {
    return changed({ delete: 'password', id: this.require(user).userId });
  }

  /** The rules that the account has set; undefined if there are none. */
  get rules(): PasswordRules | undefined {
    return this.#parts.journal.account.passwordRules;
  }

  /** Sets the rules. */
  setRules(passwordRules: PasswordRules): IamResult<undefined> {
    return changed({ put: 'account', record: { ...this.#parts.journal.account, passwordRules } });
  }

  /** @throws {IamError} 'NoSuchEntity' if there are no rules */
  deleteRules(accountId: string): IamResult<undefined> {
    this.requireRules(accountId);
    const { passwordRules: _rules, ...account } = this.#parts.journal.account;
    const record: AccountRecord = account;
    return changed({ put: 'account', record });
  }

  /** @throws {IamError} 'NoSuchEntity' */
  requireRules(accountId: string): PasswordRules {
    const { rules } = this;
    if (rules) return rules;
    throw noSuchEntity(`The Password Policy with domain name ${accountId} cannot be found.`);
  }

  /** Hashes a new password, unless it breaks a rule or is one of those remembered. */
  async #hashed(user: UserRecord, password: string): Promise<string> {
    const { rules } = this;
    checkPassword(password, rules, user.name);
    const record = this.require(user);
    const remembered = [record.hash, ...record.earlier].slice(0, rules?.remembered ?? 0);
    for (const hash of remembered) {
      if (!(await matchesHash(password, hash))) continue;
      throw new IamError('PasswordPolicyViolation', 'Password has been used before.');
    }
    return this.#parts.hash(password);
  }

  #replaced(before: PasswordRecord, hash: string, { nowMs }: CallContext) {
    const earlier = [before.hash, ...before.earlier].slice(0, earlierCountMax);
    return { hash, earlier, changedMs: nowMs };
  }

  /** The password, which nobody must have changed since. */
  #unchanged(user: UserRecord, before: PasswordRecord): PasswordRecord {
    const now = this.require(this.#requireUser(user));
    if (now === before) return now;
    throw new IamError(
      'ConcurrentModification',
      'The password was changed by another request at the same time.',
    );
  }

  #requireUser({ id, name }: UserRecord): UserRecord {
    const user = this.#parts.journal.users.byId(id);
    if (user) return user;
    throw noSuchEntity(`The user with name ${name} cannot be found.`);
  }
}
