// The CloudTrail operation `ListPublicKeys`.

import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import { type CloudTrailParts, refuseToken } from '../parts.ts';
import { listPublicKeysRequest, listPublicKeysResponse } from '../shapes.ts';

/** Lists the public keys whose private keys signed digests in a time range. */
export const listPublicKeys = ({ trails }: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:ListPublicKeys',
    readOnly: true,
    input: listPublicKeysRequest,
    output: listPublicKeysResponse,
    handle: ({ StartTime, EndTime, NextToken }, { nowMs }) => {
      const endMs = EndTime ?? nowMs;
      // Without a start, the keys at the end are listed: by default the present one, as in CloudTrail.
      const startMs = StartTime ?? endMs;
      refuseToken(NextToken);
      if (startMs > endMs) {
        throw new AwsError(
          'InvalidTimeRangeException',
          'The start time must be before the end time.',
        );
      }
      // Clients send whole seconds: the AWS CLI asks for keys until now, without the part of a second.
      const isIn = ({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }) =>
        Math.floor(fromMs / 1000) * 1000 <= endMs && toMs >= startMs;
      const found = trails.keys().filter(isIn);
      const PublicKeyList = found.map(({ fingerprint, publicKey, fromMs, toMs }) => ({
        Value: Buffer.from(publicKey, 'base64'),
        ValidityStartTime: fromMs,
        ValidityEndTime: toMs,
        Fingerprint: fingerprint,
      }));
      return { output: { PublicKeyList } };
    },
  });
