// The KMS operation on the last use of a key.

import { operation } from '../../../aws/service.ts';
import { required, string, structure, timestamp } from '../../../aws/shapes/shape.ts';
import type { Kms } from '../../../kms/kms.ts';
import { answer, decidedByKey } from '../answers.ts';
import { keyId } from '../shapes.ts';

/** Returns the last successful cryptographic operation with a key. */
export const getKeyLastUsage = (kms: Kms) =>
  operation({
    action: 'kms:GetKeyLastUsage',
    readOnly: true,
    input: structure({ KeyId: required(keyId) }),
    output: structure({
      KeyId: keyId,
      KeyLastUsage: structure({
        Operation: string(),
        Timestamp: timestamp(),
        CloudTrailEventId: string(),
        KmsRequestId: string(),
      }),
      TrackingStartDate: timestamp(),
      KeyCreationDate: timestamp(),
    }),
    permissions: decidedByKey,
    handle(input, call) {
      const done = kms.lastUses.of(call, input.KeyId);
      const { key, last, trackedSinceMs } = done.output;
      return answer(kms, done, {
        KeyId: key.arn,
        KeyLastUsage: {
          Operation: last?.operation,
          Timestamp: last?.atMs,
          CloudTrailEventId: last?.eventId,
          KmsRequestId: last?.requestId,
        },
        TrackingStartDate: trackedSinceMs,
        KeyCreationDate: key.createdMs,
      });
    },
  });
