import type { Caller } from '../calls/caller.ts';
import { eventTime } from './event-time.ts';

/** Who made a call, in CloudTrail's words; which members there are depends on the type. */
export interface UserIdentity {
  readonly type?: 'Root' | 'IAMUser' | 'AssumedRole' | 'AWSService' | 'AWSAccount' | 'Unknown';
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
 * @param invokedBy the service that made it with the caller's identity, where one did
 */
export function userIdentity(caller: Caller, invokedBy: string | undefined): UserIdentity {
  if (caller.type === 'service') return { type: 'AWSService', invokedBy: caller.principalId };
  if (caller.type === 'anonymous') {
    return { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' };
  }
  return {
    type: identityTypes[caller.type],
    principalId: caller.principalId,
    arn: caller.arn,
    accountId: caller.accountId,
    ...(caller.accessKeyId !== undefined && { accessKeyId: caller.accessKeyId }),
    ...(caller.userName !== undefined && { userName: caller.userName }),
    ...(caller.session && { sessionContext: sessionContext(caller.session, caller.accountId) }),
    ...(invokedBy !== undefined && { invokedBy }),
  };
}

/** The name that a look-up knows the caller by, or undefined for a service. */
export function lookupUserName(identity: UserIdentity): string | undefined {
  if (identity.type === 'Root') return 'root';
  if (identity.type === 'AssumedRole') return identity.principalId?.split(':')[1];
  return identity.userName;
}

const identityTypes = { root: 'Root', user: 'IAMUser', 'assumed-role': 'AssumedRole' } as const;

function sessionContext(session: NonNullable<Caller['session']>, accountId: string): object {
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
