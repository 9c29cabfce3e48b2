// The CloudTrail operation `LookupEvents`.

import { AuditError } from '../../../audit/errors.ts';
import { lookupUserName } from '../../../audit/identity.ts';
import { type Lookup, lookUp } from '../../../audit/lookup.ts';
import type { EventRecord } from '../../../audit/record.ts';
import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import { lookupEventsRequest, lookupEventsResponse } from '../shapes.ts';

/** Looks up events in the audit trail, newest first. */
export function lookupEvents(state: Parameters<typeof lookUp>[0]) {
  return operation({
    action: 'cloudtrail:LookupEvents',
    readOnly: true,
    input: lookupEventsRequest,
    output: lookupEventsResponse,
    handle: async (request, { nowMs }) => {
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
      if (category === 'insight') return { output: { Events: [] } };
      const { events, nextToken } = await lookUp(state, lookup, nowMs);
      const found = events.map(({ atMs, event }) => shown(atMs, event));
      return { output: { Events: found, NextToken: nextToken } };
    },
  });
}

/** Converts a lookup error to an error of CloudTrail. */
export function lookupFailure(error: Error): AwsError | undefined {
  if (!(error instanceof AuditError)) return undefined;
  return new AwsError(codes[error.code], error.message, { cause: error });
}

const codes = {
  'invalid-lookup-attributes': 'InvalidLookupAttributesException',
  'invalid-time-range': 'InvalidTimeRangeException',
  'invalid-next-token': 'InvalidNextTokenException',
} as const;

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
