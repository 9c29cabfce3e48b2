// The identity of a caller in audit events.

import type { Caller } from '../calls/caller.ts';
import { eventTime } from './event-time.ts';

/** The caller in the format of CloudTrail. The members depend on the type. */
export interface UserIdentity {
  readonly type?:
    | 'Root'
    | 'IAMUser'
    | 'AssumedRole'
    | 'FederatedUser'
    | 'WebIdentityUser'
    | 'IdentityCenterUser'
    | 'AWSService'
    | 'AWSAccount'
    | 'Unknown';
  readonly principalId?: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  /** The ARN of the OIDC provider of a web identity. */
  readonly identityProvider?: string;
  /** The person of a single sign-on. */
  readonly onBehalfOf?: object;
  /** The sign-in of a single sign-on. */
  readonly credentialId?: string;
  readonly sessionContext?: object;
  readonly invokedBy?: string;
}

/**
 * Describes the caller of a call.
 *
 * @param invokedBy the service that used the caller's identity, if there is one
 * @param accountAlias the alias of the account, which is the name of its root user
 */
export function userIdentity(
  caller: Caller,
  invokedBy: string | undefined,
  accountAlias?: string,
): UserIdentity {
  if (caller.type === 'service') return { type: 'AWSService', invokedBy: caller.principalId };
  if (caller.type === 'anonymous') {
    return { type: 'AWSAccount', principalId: '', accountId: 'ANONYMOUS_PRINCIPAL' };
  }
  if (caller.type === 'web-identity') return ofWebIdentity(caller);
  if (caller.type === 'sso-user') return ofSignIn(caller);
  const userName = caller.type === 'root' ? accountAlias : caller.userName;
  return {
    type: identityTypes[caller.type],
    principalId: caller.principalId,
    arn: caller.arn,
    accountId: caller.accountId,
    ...(caller.accessKeyId !== undefined && { accessKeyId: caller.accessKeyId }),
    ...(userName !== undefined && { userName }),
    ...sessionContext(caller),
    ...(invokedBy !== undefined && { invokedBy }),
  };
}

function ofWebIdentity({ principalId, userName, webIdentity }: Caller): UserIdentity {
  return {
    type: 'WebIdentityUser',
    principalId,
    ...(userName !== undefined && { userName }),
    ...(webIdentity && { identityProvider: webIdentity.providerArn }),
  };
}

function ofSignIn({ principalId, accountId, userName, signInId }: Caller): UserIdentity {
  return {
    type: 'IdentityCenterUser',
    accountId,
    ...(userName !== undefined && { userName }),
    onBehalfOf: { userId: principalId, identityStoreArn: `arn:aws:identitystore::${accountId}` },
    ...(signInId !== undefined && { credentialId: signInId }),
  };
}

/** The user name for lookups, or undefined for a service. */
export function lookupUserName(identity: UserIdentity): string | undefined {
  if (identity.type === 'Root') return 'root';
  if (identity.type === 'AssumedRole' || identity.type === 'FederatedUser') {
    return identity.principalId?.split(':')[1];
  }
  return identity.userName;
}

const identityTypes = {
  root: 'Root',
  user: 'IAMUser',
  'assumed-role': 'AssumedRole',
  'federated-user': 'FederatedUser',
} as const;

/** The session of a caller with temporary credentials; empty for others. */
function sessionContext(caller: Caller): { sessionContext?: object } {
  const { session, temporary } = caller;
  if (session === undefined && temporary === undefined) return {};
  const mfa = session?.mfaAuthenticated ?? temporary?.mfaAtMs !== undefined;
  const sourceIdentity = temporary?.sourceIdentity;
  return {
    sessionContext: {
      sessionIssuer: sessionIssuer(caller),
      webIdFederationData: temporary?.federatedProvider
        ? { federatedProvider: temporary.federatedProvider }
        : {},
      attributes: {
        creationDate: eventTime(session?.createdMs ?? temporary?.issuedMs ?? 0),
        mfaAuthenticated: String(mfa),
      },
      ...(sourceIdentity !== undefined && { sourceIdentity }),
    },
  };
}

/** Who created the session: a role, or the user behind a federated user; otherwise empty. */
function sessionIssuer({ session, temporary, accountId }: Caller): object {
  if (session !== undefined) {
    const { roleId, roleArn, roleName } = session;
    const names = { principalId: roleId, arn: roleArn, accountId, userName: roleName };
    return { type: 'Role', ...names };
  }
  const { issuerArn: arn, issuerId: principalId } = temporary ?? {};
  if (arn === undefined) return {};
  if (arn.endsWith(':root')) return { type: 'Root', principalId, arn, accountId };
  const userName = arn.slice(arn.lastIndexOf('/') + 1);
  return { type: 'IAMUser', principalId, arn, accountId, userName };
}
