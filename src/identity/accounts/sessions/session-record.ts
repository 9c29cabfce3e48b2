// The content of a session token.

import type { TagRecord } from '../records.ts';

/** Who holds temporary credentials. Users and roles are named by their unique ids. */
export type SessionHolder =
  /** GetSessionToken of the root user. */
  | { readonly type: 'root' }
  /** GetSessionToken of a user. */
  | { readonly type: 'user'; readonly userId: string }
  /** AssumeRole. */
  | { readonly type: 'role'; readonly roleId: string; readonly name: string }
  /** GetFederationToken of a user, or of the root user, who has no user id. */
  | { readonly type: 'federated'; readonly userId?: string | undefined; readonly name: string };

/** A session. It exists only in its token, which the client sends with each request. */
export interface SessionRecord {
  /** `ASIA…` */
  readonly accessKeyId: string;
  readonly secret: string;
  readonly holder: SessionHolder;
  readonly issuedMs: number;
  readonly expiresMs: number;
  /** When the second factor was proven. */
  readonly mfaAtMs?: number | undefined;
  readonly sourceIdentity?: string | undefined;
  /** The session policy as it was passed. */
  readonly policy?: string | undefined;
  readonly policyArns?: readonly string[] | undefined;
  /** The ARN of the OIDC provider that vouched for the holder. */
  readonly federatedProvider?: string | undefined;
  readonly tags?: readonly TagRecord[] | undefined;
  /** Whether the session began with a sign-in to the web console. */
  readonly isFromConsole?: boolean | undefined;
  /** Keys of the tags that follow into sessions of other roles. */
  readonly transitiveTagKeys?: readonly string[] | undefined;
}
