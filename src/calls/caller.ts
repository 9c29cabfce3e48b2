// The identity of a caller.

/** An authenticated caller. */
export interface Caller {
  /**
   * `service`: a part of this service that calls for itself. `anonymous`: not authenticated; only
   * operations that declare this accept such calls.
   */
  readonly type: 'root' | 'user' | 'assumed-role' | 'service' | 'anonymous';
  /** 12 digits; for a service, the account on whose behalf it works; empty for an anonymous caller. */
  readonly accountId: string;
  /**
   * `arn:aws:iam::A:root`, `arn:aws:iam::A:user/N`, …; for a service its principal
   * (`mq.amazonaws.com`); `*` for an anonymous caller.
   */
  readonly arn: string;
  /**
   * Account id for root, `AIDA…` for a user, `AROA…:session` for a role; the principal for a
   * service; otherwise empty.
   */
  readonly principalId: string;
  readonly userName?: string;
  readonly accessKeyId?: string;
  /** Set only for assumed roles. */
  readonly session?: RoleSession;
}

/** The session of an assumed role. */
export interface RoleSession {
  readonly roleName: string;
  readonly roleId: string;
  readonly roleArn: string;
  readonly createdMs: number;
  readonly mfaAuthenticated: boolean;
}

/** An unauthenticated caller. */
export const anonymous: Caller = { type: 'anonymous', accountId: '', arn: '*', principalId: '' };
