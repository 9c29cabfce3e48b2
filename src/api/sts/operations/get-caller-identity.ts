// The STS operation `GetCallerIdentity`.

import { noPermission, operation } from '../../../aws/service.ts';
import { getCallerIdentityRequest, getCallerIdentityResponse } from '../shapes.ts';

/** Returns the identity of the caller. No permission is required, so no policy can deny it. */
export function getCallerIdentity() {
  return operation({
    action: 'sts:GetCallerIdentity',
    readOnly: true,
    input: getCallerIdentityRequest,
    output: getCallerIdentityResponse,
    permissions: noPermission('every authenticated caller may call it'),
    handle: (_, { caller }) => ({
      output: { UserId: caller.principalId, Account: caller.accountId, Arn: caller.arn },
    }),
  });
}
