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
      const found = trails.keys().filter(({ fromMs, toMs }) => fromMs <= endMs && toMs >= startMs);
      const PublicKeyList = found.map(({ fingerprint, publicKey, fromMs, toMs }) => ({
        Value: Buffer.from(publicKey, 'base64'),
        ValidityStartTime: fromMs,
        ValidityEndTime: toMs,
        Fingerprint: fingerprint,
      }));
      return { output: { PublicKeyList } };
    },
  });
