// The CloudTrail service.

import type { Service } from '../../aws/service.ts';
import { cloudTrailFailure } from './failures.ts';
import { listPublicKeys } from './operations/list-public-keys.ts';
import { getTrailStatus, startLogging, stopLogging } from './operations/logging.ts';
import { lookupEvents } from './operations/lookup-events.ts';
import {
  getEventSelectors,
  getInsightSelectors,
  putEventSelectors,
  putInsightSelectors,
} from './operations/selectors.ts';
import { addTags, listTags, removeTags } from './operations/tags.ts';
import {
  createTrail,
  deleteTrail,
  describeTrails,
  getTrail,
  listTrails,
  updateTrail,
} from './operations/trails.ts';
import type { CloudTrailParts } from './parts.ts';

/** The CloudTrail API over the audit trail. */
export function cloudTrailService(parts: CloudTrailParts): Service {
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
    operations: {
      LookupEvents: lookupEvents(parts),
      CreateTrail: createTrail(parts),
      UpdateTrail: updateTrail(parts),
      DeleteTrail: deleteTrail(parts),
      GetTrail: getTrail(parts),
      DescribeTrails: describeTrails(parts),
      ListTrails: listTrails(parts),
      StartLogging: startLogging(parts),
      StopLogging: stopLogging(parts),
      GetTrailStatus: getTrailStatus(parts),
      PutEventSelectors: putEventSelectors(parts),
      GetEventSelectors: getEventSelectors(parts),
      PutInsightSelectors: putInsightSelectors(parts),
      GetInsightSelectors: getInsightSelectors(parts),
      AddTags: addTags(parts),
      RemoveTags: removeTags(parts),
      ListTags: listTags(parts),
      ListPublicKeys: listPublicKeys(parts),
    },
    translate: cloudTrailFailure,
  };
}
