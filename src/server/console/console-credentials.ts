// The credentials of the web console: sessions of the identity service that are marked.

import type { Caller } from '../../calls/caller.ts';
import type { Iam } from '../../identity/accounts/iam.ts';
import type { TemporaryKey } from '../../identity/accounts/sessions/session-issuing.ts';
import { type Person, sessionName } from '../../identity/sso/person.ts';
import type { RoleAssignments } from '../../identity/sso/role-assignments.ts';
import type { RequestHead } from '../../net/http/message.ts';

/** Who a code signs in. */
export type ConsoleHolder =
  /** The root user. */
  | { readonly type: 'root' }
  /** A person who has proven who they are. */
  | { readonly type: 'person'; readonly person: Person };

/** The durations of a session, seconds. */
export const durationSeconds = { min: 900, max: 43_200, default: 3600, maxOfRoot: 3600 } as const;

/** A sign-in that succeeded. */
export interface ConsoleSession {
  readonly key: TemporaryKey;
  readonly caller: Caller;
  /** What the page shows: `root`, a user name, or a role with a name. */
  readonly name: string;
}

/** The parts of the service that credentials need. */
export interface CredentialParts {
  readonly iam: Iam;
  readonly assignments: RoleAssignments;
  readonly region: string;
  readonly accountId: string;
}

/** Issues the credentials of the root user. */
export function rootSession(
  { iam }: CredentialParts,
  seconds: number,
  nowMs: number,
): ConsoleSession {
  const key = iam.issuing.issue({
    holder: { type: 'root' },
    issuedMs: nowMs,
    expiresMs: nowMs + Math.min(seconds, durationSeconds.maxOfRoot) * 1000,
    isFromConsole: true,
  });
  return { key, caller: iam.callers.signedInRoot(nowMs), name: 'root' };
}

/** Issues the credentials of a user; undefined if the user no longer exists. */
export function userSession(
  { iam }: CredentialParts,
  { userId, mfaAtMs }: { readonly userId: string; readonly mfaAtMs?: number | undefined },
  seconds: number,
  nowMs: number,
): ConsoleSession | undefined {
  const caller = iam.callers.signedIn(userId, mfaAtMs);
  if (caller === undefined) return undefined;
  const key = iam.issuing.issue({
    holder: { type: 'user', userId },
    issuedMs: nowMs,
    expiresMs: nowMs + seconds * 1000,
    mfaAtMs,
    isFromConsole: true,
  });
  return { key, caller, name: caller.userName ?? userId };
}

/** Issues the credentials of a role for a person; undefined if the person may not use it. */
export function roleSession(
  { iam, assignments, region, accountId }: CredentialParts,
  person: Person,
  roleName: string,
  seconds: number,
  head: RequestHead,
  nowMs: number,
): ConsoleSession | undefined {
  const call = callFacts(head, { region, accountId, nowMs });
  const found = assignments.credentials({ person }, roleName, call, { durationMs: seconds * 1000 });
  if (found === undefined) return undefined;
  const { key, role, sessionArn } = found;
  const name = sessionName(assignments.nameOf(person));
  const caller: Caller = {
    type: 'assumed-role',
    accountId,
    arn: sessionArn,
    principalId: `${role.id}:${name}`,
    session: {
      roleName: role.name,
      roleId: role.id,
      roleArn: iam.arnOf('role', role),
      createdMs: nowMs,
      mfaAuthenticated: false,
    },
    temporary: { issuedMs: nowMs },
  };
  return { key, caller, name: `${role.name}/${name}` };
}

/** What decisions about roles know of a request. */
export function callFacts(
  head: RequestHead,
  place: { readonly region: string; readonly accountId: string; readonly nowMs: number },
) {
  return {
    ...place,
    invokedBy: undefined,
    sourceIp: head.peerAddress,
    userAgent: head.headers.get('user-agent') ?? '',
    ...(head.tls && { tls: { ...head.tls, host: head.headers.get('host') ?? '' } }),
  };
}
