// The actions of CloudWatch Logs.

import { serviceActions } from './service-actions.ts';

const group = ['log-group'];
const stream = ['log-stream'];
const ofResource = ['aws:ResourceTag/${k}'];
const ofRequest = ['aws:RequestTag/${k}', 'aws:TagKeys'];

/** @see Service authorization reference, "Actions, resources, and condition keys for CloudWatch Logs" */
export const logsActions = serviceActions(
  'logs',
  {
    'log-group': 'arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}',
    'log-stream':
      'arn:${Partition}:logs:${Region}:${Account}:log-group:${LogGroupName}:log-stream:${LogStreamName}',
  },
  [
    ['List', group, ofResource, 'DescribeLogGroups DescribeLogStreams'],
    ['List', [], [], 'DescribeQueries DescribeResourcePolicies'],
    ['List', group, ofResource, 'ListTagsForResource'],
    ['Read', stream, ofResource, 'GetLogEvents'],
    ['Read', group, ofResource, 'FilterLogEvents GetLogGroupFields StartQuery StartLiveTail'],
    ['Read', [], [], 'GetLogRecord GetQueryResults StopQuery'],
    ['Write', group, ofResource, 'DeleteLogGroup PutRetentionPolicy DeleteRetentionPolicy'],
    ['Write', group, ofResource, 'CreateLogStream'],
    ['Write', stream, ofResource, 'DeleteLogStream PutLogEvents'],
    ['Permissions management', [], [], 'DeleteResourcePolicy PutResourcePolicy'],
    ['Write', group, [...ofRequest, ...ofResource], 'CreateLogGroup'],
    ['Tagging', group, [...ofRequest, ...ofResource], 'TagResource'],
    ['Tagging', group, ['aws:TagKeys', ...ofResource], 'UntagResource'],
  ],
);
