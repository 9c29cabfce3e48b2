import { operation } from '../../../aws/service.ts';
import { getCallerIdentityRequest, getCallerIdentityResponse } from '../shapes.ts';

/** Says who the caller is. No permission is needed for it, so no policy can deny it. */
export function getCallerIdentity() {
  return operation({
    action: 'sts:GetCallerIdentity',
    readOnly: true,
    input: getCallerIdentityRequest,
    output: getCallerIdentityResponse,
    permissions: () => [],
    handle: (_, { caller }) => ({
      output: { UserId: caller.principalId, Account: caller.accountId, Arn: caller.arn },
    }),
  });
}
