import { eventTime } from './event-time.ts';

/** Who made a call, as the trail needs to know it. */
export interface Actor {
  readonly type: 'root' | 'user' | 'assumed-role' | 'service';
  /** 12 digits. */
  readonly accountId: string;
  readonly arn: string;
  /** Account id for root, `AIDA…` for a user, `AROA…:session`; for a service `mq.amazonaws.com`. */
  readonly principalId: string;
  readonly userName?: string;
  readonly accessKeyId?: string;
  /** Only for assumed roles. */
  readonly session?: {
    readonly roleName: string;
    readonly roleId: string;
    readonly roleArn: string;
    readonly createdMs: number;
    readonly mfaAuthenticated: boolean;
  };
}

/** Who made a call, in CloudTrail's words; which members there are depends on the type. */
export interface UserIdentity {
  readonly type?: 'Root' | 'IAMUser' | 'AssumedRole' | 'AWSService' | 'Unknown';
  readonly principalId?: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  readonly sessionContext?: object;
  readonly invokedBy?: string;
}

/**
 * Says who made a call.
 *
 * @param invokedBy the service that made it with the actor's identity, where one did
 */
export function userIdentity(actor: Actor, invokedBy: string | undefined): UserIdentity {
  if (actor.type === 'service') return { type: 'AWSService', invokedBy: actor.principalId };
  return {
    type: identityTypes[actor.type],
    principalId: actor.principalId,
    arn: actor.arn,
    accountId: actor.accountId,
    ...(actor.accessKeyId !== undefined && { accessKeyId: actor.accessKeyId }),
    ...(actor.userName !== undefined && { userName: actor.userName }),
    ...(actor.session && { sessionContext: sessionContext(actor.session, actor.accountId) }),
    ...(invokedBy !== undefined && { invokedBy }),
  };
}

/** The name that a look-up knows the actor by, or undefined for a service. */
export function lookupUserName(identity: UserIdentity): string | undefined {
  if (identity.type === 'Root') return 'root';
  if (identity.type === 'AssumedRole') return identity.principalId?.split(':')[1];
  return identity.userName;
}

const identityTypes = { root: 'Root', user: 'IAMUser', 'assumed-role': 'AssumedRole' } as const;

function sessionContext(session: NonNullable<Actor['session']>, accountId: string): object {
  return {
    sessionIssuer: {
      type: 'Role',
      principalId: session.roleId,
      arn: session.roleArn,
      accountId,
      userName: session.roleName,
    },
    webIdFederationData: {},
    attributes: {
      creationDate: eventTime(session.createdMs),
      mfaAuthenticated: String(session.mfaAuthenticated),
    },
  };
}
