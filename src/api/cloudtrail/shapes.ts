// The shapes of the CloudTrail operations.

import { lookupKeys } from '../../audit/lookup.ts';
import {
  enumeration,
  integer,
  list,
  required,
  string,
  structure,
  timestamp,
} from '../../aws/shapes/shape.ts';

/* CloudTrail's shapes, API version 2013-11-01. */

/** The request of LookupEvents. */
export const lookupEventsRequest = structure({
  LookupAttributes: list(
    structure({
      AttributeKey: required(enumeration(lookupKeys)),
      AttributeValue: required(string({ min: 1, max: 2000 })),
    }),
    // The list accepts more than one entry, because CloudTrail refuses that with its own message.
    { max: 10 },
  ),
  StartTime: timestamp(),
  EndTime: timestamp(),
  EventCategory: string({ max: 128 }),
  MaxResults: integer(),
  NextToken: string({ max: 1024 }),
});

/** The response of LookupEvents. */
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
