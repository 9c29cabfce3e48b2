/** Who makes a call, as authentication found it. */
export interface Caller {
  /**
   * `service`: a part of this service that calls another for itself. `anonymous`: nobody proved
   * anything; only operations that are declared so take such calls.
   */
  readonly type: 'root' | 'user' | 'assumed-role' | 'service' | 'anonymous';
  /** 12 digits; for a service, the account on whose behalf it works; empty for an anonymous caller. */
  readonly accountId: string;
  /**
   * `arn:aws:iam::A:root`, `arn:aws:iam::A:user/N`, …; for a service its principal
   * (`mq.amazonaws.com`); `*` for an anonymous caller.
   */
  readonly arn: string;
  /** Account id for root, `AIDA…` for a user, `AROA…:session`; for a service its principal; else empty. */
  readonly principalId: string;
  readonly userName?: string;
  readonly accessKeyId?: string;
  /** Only for assumed roles. */
  readonly session?: RoleSession;
}

/** The session in which a caller has assumed a role. */
export interface RoleSession {
  readonly roleName: string;
  readonly roleId: string;
  readonly roleArn: string;
  readonly createdMs: number;
  readonly mfaAuthenticated: boolean;
}

/** A caller of whom nothing is known. */
export const anonymous: Caller = { type: 'anonymous', accountId: '', arn: '*', principalId: '' };
