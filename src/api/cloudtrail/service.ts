// The CloudTrail service.

import type { lookUp } from '../../audit/lookup.ts';
import type { Service } from '../../aws/service.ts';
import { lookupEvents, lookupFailure } from './operations/lookup-events.ts';

/** The CloudTrail API over the audit trail. */
export function cloudTrailService(state: Parameters<typeof lookUp>[0]): Service {
  return {
    name: 'cloudtrail',
    wires: ['json-1.1'],
    // SDKs use different prefixes.
    targetPrefixes: [
      'CloudTrail_20131101',
      'com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101',
    ],
    eventSource: 'cloudtrail.amazonaws.com',
    apiVersion: '2013-11-01',
    operations: { LookupEvents: lookupEvents(state) },
    translate: lookupFailure,
  };
}
