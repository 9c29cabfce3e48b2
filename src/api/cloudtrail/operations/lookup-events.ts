// The CloudTrail operation `LookupEvents`.

import { lookupUserName } from '../../../audit/identity.ts';
import { checkLookup, type Lookup, lookUp } from '../../../audit/lookup.ts';
import type { EventRecord } from '../../../audit/record.ts';
import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import type { CloudTrailParts } from '../parts.ts';
import { lookupEventsRequest, lookupEventsResponse } from '../shapes.ts';
import { Throttle } from '../throttle.ts';

/** Looks up events in the audit trail, newest first. */
export function lookupEvents(parts: CloudTrailParts) {
  const throttle = new Throttle(parts.lookupsPerSecondMax);
  return operation({
    action: 'cloudtrail:LookupEvents',
    readOnly: true,
    input: lookupEventsRequest,
    output: lookupEventsResponse,
    handle: async (request, { nowMs }) => {
      throttle.pass(nowMs);
      const { EventCategory: category, MaxResults: limit = 50 } = request;
      if (category !== undefined && category !== 'insight') {
        throw new AwsError(
          'InvalidEventCategoryException',
          `Event category ${category} is invalid. Valid values are: insight`,
        );
      }
      if (limit < 1 || limit > 50) {
        throw new AwsError(
          'InvalidMaxResultsException',
          `${limit} is not a valid number of results; 1 to 50 are allowed`,
        );
      }
      const lookup: Lookup = {
        attributes: (request.LookupAttributes ?? []).map(({ AttributeKey, AttributeValue }) => ({
          key: AttributeKey,
          value: AttributeValue,
        })),
        fromMs: request.StartTime,
        toMs: request.EndTime,
        limit,
        nextToken: request.NextToken,
      };
      // Insight events are not generated, so the result is empty.
      if (category === 'insight') {
        checkLookup(lookup);
        return { output: { Events: [] } };
      }
      const { events, nextToken } = await lookUp(
        parts.history,
        lookup,
        nowMs,
        parts.showsFailedLogins,
      );
      const found = events.map(({ atMs, event }) => shown(atMs, event));
      return { output: { Events: found, NextToken: nextToken } };
    },
  });
}

function shown(atMs: number, event: EventRecord) {
  return {
    EventId: event.eventID,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    AccessKeyId: event.userIdentity.accessKeyId,
    // Whole seconds, as in the event's own text.
    EventTime: Math.floor(atMs / 1000) * 1000,
    EventSource: event.eventSource,
    Username: lookupUserName(event.userIdentity),
    Resources: (event.resources ?? []).map(({ type, ARN }) => ({
      ResourceType: type,
      ResourceName: ARN,
    })),
    CloudTrailEvent: JSON.stringify(event),
  };
}
