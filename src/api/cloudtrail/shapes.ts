import { lookupKeys } from '../../audit/lookup.ts';
import {
  enumeration,
  integer,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../aws/shape.ts';

/* CloudTrail's shapes, API version 2013-11-01. */

/** LookupEvents, request. */
export const lookupEventsRequest = structure({
  LookupAttributes: list(
    structure({
      AttributeKey: required(enumeration(lookupKeys)),
      AttributeValue: required(string({ min: 1, max: 2000 })),
    }),
  ),
  StartTime: timestamp(),
  EndTime: timestamp(),
  EventCategory: string(),
  MaxResults: integer(),
  NextToken: string(),
});

/** LookupEvents, response. */
export const lookupEventsResponse = structure({
  Events: list(
    structure({
      EventId: string(),
      EventName: string(),
      ReadOnly: string(),
      AccessKeyId: string(),
      EventTime: timestamp(),
      EventSource: string(),
      Username: string(),
      Resources: list(structure({ ResourceType: string(), ResourceName: string() })),
      CloudTrailEvent: string(),
    }),
  ),
  NextToken: string(),
});
