// The operation `GetTrailHead`.

import { operation } from '../../../aws/service.ts';
import { integer, list, long, string, structure } from '../../../aws/shapes/shape.ts';
import type { AuditParts } from '../parts.ts';

/** Returns the state of the trail, for a copy on another machine. */
export const getTrailHead = ({ head }: AuditParts) =>
  operation({
    action: 'waxwing:GetTrailHead',
    readOnly: true,
    http: { method: 'POST', path: '/waxwing/v1/audit/head' },
    input: structure({}),
    output: structure({
      version: integer(),
      accountId: string(),
      region: string(),
      time: string(),
      eventCount: long(),
      eventHash: string(),
      serviceEventCount: long(),
      serviceEventHash: string(),
      publicKeys: list(string()),
      buckets: list(string()),
      digests: list(
        structure({
          trailArn: string(),
          bucket: string(),
          key: string(),
          signature: string(),
          fileCount: long(),
        }),
      ),
    }),
    handle: () => ({ output: head() }),
  });
