// From access keys and session tokens to callers.

import { Secret } from '../../../base/secret.ts';
import type { Caller, TemporaryCredentials } from '../../../calls/caller.ts';
import type { AccessKeys } from '../access-keys.ts';
import { iamArn, rootArn } from '../arns.ts';
import type { IamJournal } from '../iam-journal.ts';
import type { RoleRecord, TagRecord, UserRecord } from '../records.ts';
import type { SessionRecord } from './session-record.ts';
import type { SessionTokens } from './session-tokens.ts';

/** An access key in use, with its caller. */
export interface SigningKey {
  readonly caller: Caller;
  /** Unseals the secret access key for one use. */
  readonly secret: () => Secret<string>;
}

/** The parts that the lookup of callers needs. */
interface CallerParts {
  readonly journal: IamJournal;
  readonly accountId: () => string;
  readonly accessKeys: AccessKeys;
  readonly tokens: SessionTokens;
  /** Returns the active access key of the root user with this id. */
  readonly rootKey: (accessKeyId: string) => SigningKey | undefined;
}

/** Finds the callers that access keys and session tokens belong to. */
export class Callers {
  readonly #parts: CallerParts;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  /**
   * Returns the caller of an access key.
   *
   * @param token the session token; present if and only if the key belongs to a session
   * @returns undefined if the key is not active, or the token does not belong to it; `expired` if
   *   the session has ended
   */
  find(
    accessKeyId: string,
    token: string | undefined,
    nowMs: number,
  ): SigningKey | 'expired' | undefined {
    if (accessKeyId.startsWith('ASIA')) {
      const session = token === undefined ? undefined : this.#parts.tokens.open(token, accessKeyId);
      if (session === undefined) return undefined;
      if (session.expiresMs <= nowMs) return 'expired';
      const caller = this.#ofSession(session);
      return caller && { caller, secret: () => new Secret(session.secret) };
    }
    if (token !== undefined) return undefined;
    const active = this.#parts.accessKeys.active(accessKeyId);
    if (active === undefined) return this.#parts.rootKey(accessKeyId);
    return { caller: this.#ofUser(active.user), secret: active.secret };
  }

  /**
   * A user who signed in with a password; undefined if the user no longer exists.
   *
   * @param mfaAtMs when the second factor was proven
   */
  signedIn(userId: string, mfaAtMs: number | undefined): Caller | undefined {
    const user = this.#parts.journal.users.byId(userId);
    if (user === undefined) return undefined;
    const issuedMs = mfaAtMs ?? 0;
    const temporary = { issuedMs, ...(mfaAtMs !== undefined && { mfaAtMs }) };
    return { ...this.#ofUser(user), temporary };
  }

  /** The root user, who signed in with a code that the root user's access key got. */
  signedInRoot(atMs: number): Caller {
    return { ...this.#root(), temporary: { issuedMs: atMs } };
  }

  /** The caller of a session; undefined if its user or role no longer exists. */
  #ofSession(session: SessionRecord): Caller | undefined {
    const { users, roles } = this.#parts.journal;
    const temporary = temporaryOf(session);
    const { holder } = session;
    switch (holder.type) {
      case 'root':
        return { ...this.#root(), temporary };
      case 'user': {
        const user = users.byId(holder.userId);
        return user && { ...this.#ofUser(user), temporary };
      }
      case 'role': {
        const role = roles.byId(holder.roleId);
        return role && this.#ofRole(role, holder.name, session);
      }
      case 'federated': {
        const issuer = holder.userId === undefined ? undefined : users.byId(holder.userId);
        if (holder.userId !== undefined && issuer === undefined) return undefined;
        return this.#federated(issuer, holder.name, session);
      }
    }
  }

  #root(): Caller {
    const accountId = this.#parts.accountId();
    return { type: 'root', accountId, arn: rootArn(accountId), principalId: accountId };
  }

  #ofUser(user: UserRecord): Caller {
    const accountId = this.#parts.accountId();
    return {
      type: 'user',
      accountId,
      arn: iamArn(accountId, 'user', user),
      principalId: user.id,
      userName: user.name,
      tags: tagsOf(user.tags),
    };
  }

  #ofRole(role: RoleRecord, name: string, session: SessionRecord): Caller {
    const accountId = this.#parts.accountId();
    return {
      type: 'assumed-role',
      accountId,
      arn: `arn:aws:sts::${accountId}:assumed-role/${role.name}/${name}`,
      principalId: `${role.id}:${name}`,
      tags: tagsOf([...role.tags, ...(session.tags ?? [])]),
      session: {
        roleName: role.name,
        roleId: role.id,
        roleArn: iamArn(accountId, 'role', role),
        createdMs: session.issuedMs,
        mfaAuthenticated: session.mfaAtMs !== undefined,
      },
      // Policies do not see the second factor behind the session of a role.
      temporary: temporaryOf({ ...session, mfaAtMs: undefined }),
    };
  }

  #federated(issuer: UserRecord | undefined, name: string, session: SessionRecord): Caller {
    const accountId = this.#parts.accountId();
    const issuerArn = issuer ? iamArn(accountId, 'user', issuer) : rootArn(accountId);
    return {
      type: 'federated-user',
      accountId,
      arn: `arn:aws:sts::${accountId}:federated-user/${name}`,
      principalId: `${accountId}:${name}`,
      tags: tagsOf([...(issuer?.tags ?? []), ...(session.tags ?? [])]),
      temporary: { ...temporaryOf(session), issuerArn, issuerId: issuer?.id ?? accountId },
    };
  }
}

function temporaryOf(session: SessionRecord): TemporaryCredentials {
  const { issuedMs, mfaAtMs, sourceIdentity, policy, policyArns, transitiveTagKeys } = session;
  const { federatedProvider, isFromConsole, expiresMs } = session;
  return {
    issuedMs,
    expiresMs,
    ...(mfaAtMs !== undefined && { mfaAtMs }),
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(policy !== undefined && { policy }),
    ...(isFromConsole === true && { isFromConsole }),
    ...(policyArns && { policyArns }),
    ...(federatedProvider !== undefined && { federatedProvider }),
    ...(transitiveTagKeys && { transitiveTagKeys }),
  };
}

/** Tags by key. Of keys that differ only in case, the last one counts. */
function tagsOf(tags: readonly TagRecord[]): Readonly<Record<string, string>> {
  const last = new Map(tags.map((tag) => [tag.key.toLowerCase(), tag]));
  // fromEntries defines own properties, so a key such as __proto__ is an ordinary key.
  return Object.fromEntries([...last.values()].map(({ key, value }) => [key, value]));
}
