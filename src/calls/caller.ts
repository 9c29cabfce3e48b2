// The identity of a caller.

/** An authenticated caller. */
export interface Caller {
  /**
   * - `root`: the root user of the account
   * - `user`: an IAM user, with long-term or temporary credentials
   * - `assumed-role`: a session of a role
   * - `federated-user`: a session that a user created for someone else (`GetFederationToken`)
   * - `web-identity`: someone for whom an OIDC provider of the account vouches
   *   (`AssumeRoleWithWebIdentity`)
   * - `sso-user`: a person who has signed in for single sign-on
   * - `service`: a part of this service that calls for itself
   * - `anonymous`: not authenticated; only operations that declare this accept such calls
   */
  readonly type:
    | 'root'
    | 'user'
    | 'assumed-role'
    | 'federated-user'
    | 'web-identity'
    | 'sso-user'
    | 'service'
    | 'anonymous';
  /** 12 digits; for a service, the account on whose behalf it works; empty for an anonymous caller. */
  readonly accountId: string;
  /**
   * `arn:aws:iam::A:root`, `arn:aws:iam::A:user/N`, `arn:aws:sts::A:assumed-role/R/S`,
   * `arn:aws:sts::A:federated-user/N`; for a service its principal (`mq.amazonaws.com`); `*` for an
   * anonymous caller; empty for those for whom an identity provider vouches.
   */
  readonly arn: string;
  /**
   * Account id for root, `AIDA…` for a user, `AROA…:session` for a role, `account:name` for a
   * federated user; the principal for a service; `provider:audience:subject` for a web identity; the
   * id of the person for single sign-on; otherwise empty.
   */
  readonly principalId: string;
  /** The name of an IAM user. */
  readonly userName?: string;
  readonly accessKeyId?: string;
  /** The tags of the user, or of the role and its session; those of the session win. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Set only for assumed roles. */
  readonly session?: RoleSession;
  /** Set if the access key is temporary, whatever the type of the caller. */
  readonly temporary?: TemporaryCredentials;
  /** Set only for web identities. */
  readonly webIdentity?: WebIdentity;
  /** The id of the sign-in, set only for single sign-on. */
  readonly signInId?: string;
}

/** Someone for whom an OIDC provider vouches. */
export interface WebIdentity {
  /** The ARN of the provider. */
  readonly providerArn: string;
  /** The client for which the provider issued the token. */
  readonly audience: string;
  /** The provider's id of the person or program. */
  readonly subject: string;
}

/** The session of an assumed role. */
export interface RoleSession {
  readonly roleName: string;
  readonly roleId: string;
  readonly roleArn: string;
  readonly createdMs: number;
  /** Whether the caller of AssumeRole proved a second factor. For the audit trail. */
  readonly mfaAuthenticated: boolean;
}

/** The facts that temporary credentials carry. */
export interface TemporaryCredentials {
  /** Milliseconds since 1970. */
  readonly issuedMs: number;
  /** When a session that STS issued ends, milliseconds since 1970. */
  readonly expiresMs?: number;
  /**
   * When the caller proved a second factor, milliseconds since 1970. Set only for the credentials of
   * a user (`GetSessionToken`): policies cannot see the second factor behind the session of a role.
   */
  readonly mfaAtMs?: number;
  /** The source identity, which stays the same through all sessions that follow from this one. */
  readonly sourceIdentity?: string;
  /** Whether the credentials came from a sign-in to the web console. */
  readonly isFromConsole?: boolean;
  /** The user that created the session of a federated user. */
  readonly issuerArn?: string;
  /** The id of that user, `AIDA…`; the account id if the root user created the session. */
  readonly issuerId?: string;
  /** The session policy as it was passed, a JSON document. */
  readonly policy?: string;
  /** The managed policies that were passed as session policies. */
  readonly policyArns?: readonly string[];
  /** The ARN of the OIDC provider that vouched for the holder of a role's session. */
  readonly federatedProvider?: string;
  /** Keys of the tags that follow into sessions of other roles. */
  readonly transitiveTagKeys?: readonly string[];
}

/** An unauthenticated caller. */
export const anonymous: Caller = { type: 'anonymous', accountId: '', arn: '*', principalId: '' };
