// The shapes of the CloudWatch Logs operations.

import {
  boolean,
  enumeration,
  freeText,
  integer,
  list,
  long,
  map,
  required,
  string,
  structure,
} from '../../aws/shapes/shape.ts';

/* CloudWatch Logs' shapes, API version 2014-03-28. */

const groupName = string({ min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ });
const groupIdentifier = string({ min: 1, max: 2048, pattern: /^[\w#+=/:,.@-]*$/ });
const streamName = string({ min: 1, max: 512, pattern: /^[^:*]*$/ });
const token = string({ min: 1, max: 8192 });
const time = long({ min: 0 });
const group = { logGroupName: groupName, logGroupIdentifier: groupIdentifier };
const resourceArn = string({ min: 1, max: 1011, pattern: /^[\w+=/:,.@-]*$/ });
const tagKey = string({ min: 1, max: 128, pattern: /^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$/u });
const tagValue = string({ max: 256, pattern: /^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$/u });

/** No members. */
export const nothing = structure({});

const tags = map(freeText('tag key', tagKey), freeText('tag value', tagValue), { min: 1, max: 50 });

/** The request of CreateLogGroup. */
export const createLogGroupRequest = structure({
  logGroupName: required(freeText('log group name', groupName)),
  kmsKeyId: string({ max: 256 }),
  tags,
  logGroupClass: enumeration(['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY']),
  deletionProtectionEnabled: boolean(),
});

/** The request of DescribeLogGroups. */
export const describeLogGroupsRequest = structure({
  accountIdentifiers: list(string({ min: 12, max: 12, pattern: /^\d{12}$/ }), { max: 20 }),
  logGroupNamePrefix: groupName,
  logGroupNamePattern: string({ max: 512, pattern: /^[.\-_/#A-Za-z0-9]*$/ }),
  nextToken: token,
  limit: integer({ min: 1, max: 50 }),
  includeLinkedAccounts: boolean(),
  logGroupClass: enumeration(['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY']),
  logGroupIdentifiers: list(groupIdentifier, { min: 1, max: 50 }),
});

/** The response of DescribeLogGroups. */
export const describeLogGroupsResponse = structure({
  logGroups: list(
    structure({
      logGroupName: string(),
      creationTime: long(),
      retentionInDays: integer(),
      metricFilterCount: integer(),
      arn: string(),
      storedBytes: long(),
      logGroupClass: string(),
      logGroupArn: string(),
    }),
  ),
  nextToken: string(),
});

/** The request of DescribeLogStreams. */
export const describeLogStreamsRequest = structure({
  ...group,
  logStreamNamePrefix: streamName,
  orderBy: enumeration(['LogStreamName', 'LastEventTime']),
  descending: boolean(),
  nextToken: token,
  limit: integer({ min: 1, max: 50 }),
});

/** The response of DescribeLogStreams. */
export const describeLogStreamsResponse = structure({
  logStreams: list(
    structure({
      logStreamName: string(),
      creationTime: long(),
      firstEventTimestamp: long(),
      lastEventTimestamp: long(),
      lastIngestionTime: long(),
      uploadSequenceToken: string(),
      arn: string(),
      storedBytes: long(),
    }),
  ),
  nextToken: string(),
});

/** The request of GetLogEvents. */
export const getLogEventsRequest = structure({
  ...group,
  logStreamName: required(streamName),
  startTime: time,
  endTime: time,
  nextToken: token,
  limit: integer({ min: 1, max: 10_000 }),
  startFromHead: boolean(),
  unmask: boolean(),
});

/** The response of GetLogEvents. */
export const getLogEventsResponse = structure({
  events: list(structure({ timestamp: long(), message: string(), ingestionTime: long() })),
  nextForwardToken: string(),
  nextBackwardToken: string(),
});

/** The request of FilterLogEvents. */
export const filterLogEventsRequest = structure({
  ...group,
  logStreamNames: list(streamName, { min: 1, max: 100 }),
  logStreamNamePrefix: streamName,
  startTime: time,
  endTime: time,
  filterPattern: string({ max: 1024 }),
  nextToken: token,
  limit: integer({ min: 1, max: 10_000 }),
  interleaved: boolean(),
  unmask: boolean(),
});

/** The response of FilterLogEvents. */
export const filterLogEventsResponse = structure({
  events: list(
    structure({
      logStreamName: string(),
      timestamp: long(),
      message: string(),
      ingestionTime: long(),
      eventId: string(),
    }),
  ),
  searchedLogStreams: list(structure({ logStreamName: string(), searchedCompletely: boolean() })),
  nextToken: string(),
});

/** The request of PutRetentionPolicy. */
export const putRetentionPolicyRequest = structure({
  logGroupName: required(groupName),
  retentionInDays: required(integer()),
});

/** The request of operations on one log group. */
export const oneGroupRequest = structure({ logGroupName: required(groupName) });

/** The request of ListTagsForResource. */
export const listTagsRequest = structure({ resourceArn: required(resourceArn) });

/** The response of ListTagsForResource. */
export const listTagsResponse = structure({ tags: map(string(), string()) });

/** The request of TagResource. */
export const tagRequest = structure({
  resourceArn: required(resourceArn),
  tags: required(tags),
});

/** The request of UntagResource. */
export const untagRequest = structure({
  resourceArn: required(resourceArn),
  tagKeys: required(list(tagKey, { max: 50 })),
});
