// Sign-ins, and who holds their tokens.

import type { Random } from '../../base/random.ts';
import type { IamJournal } from '../accounts/iam-journal.ts';
import { type Person, personId } from './person.ts';
import type { SignInJournal } from './sign-in-journal.ts';
import type { SignInRecord, SsoChange } from './sign-in-record.ts';
import type { SignInTokens } from './tokens.ts';

/** The duration of a sign-in. */
export const signInMs = 8 * 3_600_000;
/** The duration of an access token that can be refreshed. */
export const refreshedAccessMs = 3_600_000;
/** Maximum number of sign-ins of one person, and of all. The oldest ones end. */
const signInCountMax = { ofPerson: 20, ofAll: 10_000 };
/** Maximum number of sign-ins that a new one removes because they have expired. */
const removedCountMax = 100;

/** The parts that sign-ins need. */
interface SignInParts {
  readonly journal: SignInJournal;
  readonly accounts: IamJournal;
  readonly tokens: SignInTokens;
  readonly random: Random;
}

/** A new sign-in, and the changes to commit. */
export interface NewSignIn {
  readonly record: SignInRecord;
  readonly changes: readonly SsoChange[];
}

/** The sign-ins of people. */
export class SignIns {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /**
   * Begins a sign-in of a person who has allowed a client; undefined if the user was deleted or the
   * password was replaced since it was proven.
   */
  begin(person: Person, nowMs: number): NewSignIn | undefined {
    if (!this.#isCurrent(person, nowMs)) return undefined;
    const id = this.#parts.random.bytes(16).toString('base64url');
    const record = { id, person, createdMs: nowMs, expiresMs: nowMs + signInMs };
    const removed = this.#superseded(personId(person), nowMs);
    const deletions = removed.map((each) => ({ delete: 'sign-in', id: each }) as const);
    return { record, changes: [...deletions, { put: 'sign-in', record }] };
  }

  /** Ids of sign-ins that end because of a new one. */
  #superseded(person: string, nowMs: number): readonly string[] {
    const { journal } = this.#parts;
    const removed = new Set<string>();
    const own = [...journal.of(person)];
    for (const id of own.slice(0, Math.max(0, own.length + 1 - signInCountMax.ofPerson))) {
      removed.add(id);
    }
    for (const { id, expiresMs } of journal.all()) {
      const isFull = journal.count - removed.size >= signInCountMax.ofAll;
      if (removed.size >= removedCountMax || (expiresMs > nowMs && !isFull)) break;
      removed.add(id);
    }
    return [...removed];
  }

  /** The sign-in of an access token; undefined if the token is not valid, or no longer. */
  ofAccessToken(token: string, nowMs: number): SignInRecord | undefined {
    const read = this.#parts.tokens.readAccess(token);
    return read && read.expiresMs > nowMs ? this.#valid(read.signInId, nowMs) : undefined;
  }

  /** The sign-in of a client's refresh token; undefined if the token is not valid, or no longer. */
  ofRefreshToken(token: string, clientId: string, nowMs: number): SignInRecord | undefined {
    const read = this.#parts.tokens.readRefresh(token, clientId);
    return read && read.expiresMs > nowMs ? this.#valid(read.signInId, nowMs) : undefined;
  }

  #valid(id: string, nowMs: number): SignInRecord | undefined {
    const record = this.#parts.journal.get(id);
    return record && record.expiresMs > nowMs && this.#isCurrent(record.person, record.createdMs)
      ? record
      : undefined;
  }

  /** A sign-in of a user ends with the user, and with a new password. */
  #isCurrent(person: Person, createdMs: number): boolean {
    if (person.type !== 'user') return true;
    const { provenMs = createdMs } = person;
    const { accounts } = this.#parts;
    const password = accounts.password(person.userId);
    return (
      accounts.users.byId(person.userId) !== undefined &&
      password !== undefined &&
      password.changedMs <= provenMs
    );
  }
}
