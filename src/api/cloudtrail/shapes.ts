// The shapes of the CloudTrail operations.

import { lookupKeys } from '../../audit/archive/attributes.ts';
import { trailLimits } from '../../audit/trails/trail-commands.ts';
import {
  blob,
  boolean,
  enumeration,
  freeText,
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

/** A name or ARN; the operations have their own messages for invalid ones. */
export const trailName = string({ max: 1024 });
const text = string({ max: 2048 });
const tagsMax = { max: 200 };

/** Tags of a trail. */
export const tagsList = list(
  structure({
    Key: required(freeText('tag key', string({ min: 1, max: 128 }))),
    Value: freeText('tag value', string({ min: 1, max: 256 }), 'Key'),
  }),
  tagsMax,
);

/** Tags to remove. They are not stored. */
export const removedTags = list(
  structure({
    Key: required(string({ min: 1, max: 128 })),
    Value: string({ min: 1, max: 256 }),
  }),
  tagsMax,
);

const settings = {
  S3KeyPrefix: freeText('key prefix', text),
  SnsTopicName: text,
  IncludeGlobalServiceEvents: boolean(),
  IsMultiRegionTrail: boolean(),
  EnableLogFileValidation: boolean(),
  CloudWatchLogsLogGroupArn: text,
  CloudWatchLogsRoleArn: text,
  KmsKeyId: text,
  IsOrganizationTrail: boolean(),
  RecursiveLogging: boolean(),
};

/** The request of CreateTrail. */
export const createTrailRequest = structure({
  Name: required(freeText('trail name', trailName)),
  S3BucketName: required(freeText('bucket name', text)),
  ...settings,
  TagsList: tagsList,
});

/** The request of UpdateTrail. */
export const updateTrailRequest = structure({
  Name: required(trailName),
  S3BucketName: freeText('bucket name', text),
  ...settings,
});

const shown = {
  Name: string(),
  S3BucketName: string(),
  S3KeyPrefix: string(),
  SnsTopicName: string(),
  SnsTopicARN: string(),
  IncludeGlobalServiceEvents: boolean(),
  IsMultiRegionTrail: boolean(),
  TrailARN: string(),
  LogFileValidationEnabled: boolean(),
  CloudWatchLogsLogGroupArn: string(),
  CloudWatchLogsRoleArn: string(),
  KmsKeyId: string(),
  IsOrganizationTrail: boolean(),
  RecursiveLogging: boolean(),
};

/** The response of CreateTrail and UpdateTrail. */
export const trailResponse = structure(shown);

/** A trail in the responses of DescribeTrails and GetTrail. */
export const trail = structure({
  ...shown,
  HomeRegion: string(),
  HasCustomEventSelectors: boolean(),
  HasInsightSelectors: boolean(),
});

/** A request that names a trail. */
export const namedTrail = structure({ Name: required(trailName) });

/** The response of GetTrailStatus. */
export const statusResponse = structure({
  IsLogging: boolean(),
  LatestDeliveryError: string(),
  LatestNotificationError: string(),
  LatestDeliveryTime: timestamp(),
  LatestNotificationTime: timestamp(),
  StartLoggingTime: timestamp(),
  StopLoggingTime: timestamp(),
  LatestCloudWatchLogsDeliveryError: string(),
  LatestCloudWatchLogsDeliveryTime: timestamp(),
  LatestDigestDeliveryTime: timestamp(),
  LatestDigestDeliveryError: string(),
  LatestDeliveryAttemptTime: string(),
  LatestNotificationAttemptTime: string(),
  LatestNotificationAttemptSucceeded: string(),
  LatestDeliveryAttemptSucceeded: string(),
  TimeLoggingStarted: string(),
  TimeLoggingStopped: string(),
});

const eventSelectors = list(
  structure({
    ReadWriteType: enumeration(['ReadOnly', 'WriteOnly', 'All']),
    IncludeManagementEvents: boolean(),
    DataResources: list(
      structure({ Type: string({ max: 256 }), Values: list(text, { max: 250 }) }),
      { max: 250 },
    ),
    ExcludeManagementEventSources: list(string({ max: 256 }), { max: 10 }),
  }),
  { max: 20 },
);

const operator = list(string({ min: 1, max: 2048, pattern: /^.+$/ }), { min: 1, max: 500 });

const advancedEventSelectors = list(
  structure({
    Name: freeText('selector name', string({ min: 0, max: 1000, pattern: /^.*$/ })),
    FieldSelectors: required(
      list(
        structure({
          Field: required(string({ min: 1, max: 1000, pattern: /^[\w|\d|.|_]+$/ })),
          Equals: operator,
          StartsWith: operator,
          EndsWith: operator,
          NotEquals: operator,
          NotStartsWith: operator,
          NotEndsWith: operator,
        }),
        { min: 1, max: 100 },
      ),
    ),
  }),
  { max: 500 },
);

/** The request of PutEventSelectors. */
export const putSelectorsRequest = structure({
  TrailName: required(trailName),
  EventSelectors: eventSelectors,
  AdvancedEventSelectors: advancedEventSelectors,
});

/** The request of GetEventSelectors. */
export const getSelectorsRequest = structure({ TrailName: required(trailName) });

/** The response of PutEventSelectors and GetEventSelectors. */
export const selectorsResponse = structure({
  TrailARN: string(),
  EventSelectors: eventSelectors,
  AdvancedEventSelectors: advancedEventSelectors,
});

const insightSelectors = list(
  structure({
    InsightType: enumeration(['ApiCallRateInsight', 'ApiErrorRateInsight']),
    EventCategories: list(enumeration(['Management', 'Data']), { max: 10 }),
  }),
  { max: 10 },
);

const insightsTarget = string({ min: 3, max: 256, pattern: /^[a-zA-Z0-9._/\-:]+$/ });

/** The request of PutInsightSelectors. */
export const putInsightsRequest = structure({
  TrailName: trailName,
  InsightSelectors: required(insightSelectors),
  EventDataStore: insightsTarget,
  InsightsDestination: insightsTarget,
});

/** The request of GetInsightSelectors. */
export const getInsightsRequest = structure({
  TrailName: trailName,
  EventDataStore: insightsTarget,
});

/** The response of PutInsightSelectors and GetInsightSelectors. */
export const insightsResponse = structure({
  TrailARN: string(),
  InsightSelectors: insightSelectors,
  EventDataStoreArn: string(),
  InsightsDestination: string(),
});

/** The request of AddTags. */
export const addTagsRequest = structure({
  ResourceId: required(trailName),
  TagsList: required(tagsList),
});

/** The request of RemoveTags. */
export const removeTagsRequest = structure({
  ResourceId: required(trailName),
  TagsList: required(removedTags),
});

/** The request of ListTags. */
export const listTagsRequest = structure({
  ResourceIdList: required(list(trailName, { min: 1, max: 4 * trailLimits.countMax })),
  NextToken: text,
});

/** The response of ListTags. */
export const listTagsResponse = structure({
  ResourceTagList: list(structure({ ResourceId: string(), TagsList: removedTags })),
  NextToken: string(),
});

/** The request of ListPublicKeys. */
export const listPublicKeysRequest = structure({
  StartTime: timestamp(),
  EndTime: timestamp(),
  NextToken: text,
});

/** The response of ListPublicKeys. */
export const listPublicKeysResponse = structure({
  PublicKeyList: list(
    structure({
      Value: blob(),
      ValidityStartTime: timestamp(),
      ValidityEndTime: timestamp(),
      Fingerprint: string(),
    }),
  ),
  NextToken: string(),
});
