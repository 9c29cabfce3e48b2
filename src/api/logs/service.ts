// The CloudWatch Logs service.

import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { LogsError } from '../../logs/errors.ts';
import { createLogGroup } from './operations/creating.ts';
import { describeLogGroups, describeLogStreams } from './operations/describing.ts';
import { filterLogEvents, getLogEvents } from './operations/reading.ts';
import { refusedOperations } from './operations/refused.ts';
import {
  deleteLogGroup,
  deleteRetentionPolicy,
  putRetentionPolicy,
} from './operations/settings.ts';
import { listTagsForResource, tagResource, untagResource } from './operations/tagging.ts';
import type { LogsParts } from './parts.ts';

/** The CloudWatch Logs API over the logs of the brokers. */
export function logsService(parts: LogsParts): Service {
  return {
    name: 'logs',
    wires: ['json-1.1'],
    targetPrefixes: ['Logs_20140328'],
    eventSource: 'logs.amazonaws.com',
    apiVersion: '2014-03-28',
    invalidValueCode: 'InvalidParameterException',
    operations: {
      CreateLogGroup: createLogGroup(parts),
      DescribeLogGroups: describeLogGroups(parts),
      DescribeLogStreams: describeLogStreams(parts),
      GetLogEvents: getLogEvents(parts),
      FilterLogEvents: filterLogEvents(parts),
      PutRetentionPolicy: putRetentionPolicy(parts),
      DeleteRetentionPolicy: deleteRetentionPolicy(parts),
      DeleteLogGroup: deleteLogGroup(parts),
      ListTagsForResource: listTagsForResource(parts),
      TagResource: tagResource(parts),
      UntagResource: untagResource(parts),
      ...refusedOperations,
    },
    translate: (error) =>
      error instanceof LogsError
        ? new AwsError(codes[error.code], error.message, { cause: error })
        : undefined,
  };
}

const codes = {
  'invalid-pattern': 'InvalidParameterException',
  'invalid-token': 'InvalidParameterException',
  unsupported: 'UnsupportedOperationException',
} as const;
