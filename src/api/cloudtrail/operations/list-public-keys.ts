// The CloudTrail operation `ListPublicKeys`.

import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import type { CloudTrailParts } from '../parts.ts';
import { listPublicKeysRequest, listPublicKeysResponse } from '../shapes.ts';

/** Lists the public keys whose private keys signed digests in a time range. */
export const listPublicKeys = ({ trails }: CloudTrailParts) =>
  operation({
    action: 'cloudtrail:ListPublicKeys',
    readOnly: true,
    input: listPublicKeysRequest,
    output: listPublicKeysResponse,
    handle: ({ StartTime = 0, EndTime, NextToken }, { nowMs }) => {
      const endMs = EndTime ?? nowMs;
      if (NextToken !== undefined) {
        throw new AwsError('InvalidTokenException', 'The token is not valid: there is one page.');
      }
      if (StartTime > endMs) {
        throw new AwsError(
          'InvalidTimeRangeException',
          'The start time must be before the end time.',
        );
      }
      const found = trails
        .keys()
        .filter(({ fromMs, toMs }) => fromMs <= endMs && toMs >= StartTime);
      const PublicKeyList = found.map(({ fingerprint, publicKey, fromMs, toMs }) => ({
        Value: Buffer.from(publicKey, 'base64'),
        ValidityStartTime: fromMs,
        ValidityEndTime: toMs,
        Fingerprint: fingerprint,
      }));
      return { output: { PublicKeyList } };
    },
  });
