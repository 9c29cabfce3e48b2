// The STS operation `GetAccessKeyInfo`.

import { operation } from '../../../aws/service.ts';
import { required, string, structure } from '../../../aws/shapes/shape.ts';
import { IamError } from '../../../identity/accounts/errors.ts';
import { onSts, type StsParts } from '../parts.ts';
import { accessKeyId } from '../shapes.ts';

/** Returns the account of an access key. */
export function getAccessKeyInfo({ iam }: StsParts) {
  return operation({
    action: 'sts:GetAccessKeyInfo',
    readOnly: true,
    input: structure({ AccessKeyId: required(accessKeyId) }),
    output: structure({ Account: string() }),
    permissions: (_, call) => onSts('sts:GetAccessKeyInfo', [], call),
    handle: ({ AccessKeyId }, { caller }) => {
      // Sessions are not stored, so only the caller's own is known.
      const isKnown = AccessKeyId === caller.accessKeyId || iam.hasAccessKey(AccessKeyId);
      if (isKnown) return { output: { Account: iam.accountId() } };
      throw new IamError('ValidationError', `The access key ${AccessKeyId} is not known.`);
    },
  });
}
