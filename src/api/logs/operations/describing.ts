// The operations that list log groups and log streams.

import { operation } from '../../../aws/service.ts';
import type { CallContext } from '../../../calls/call-context.ts';
import type { StreamLines } from '../../../logs/store/stream-lines.ts';
import {
  allGroups,
  compare,
  groupArn,
  invalidParameter,
  type LogGroup,
  type LogsParts,
  nameInArn,
  onGroup,
  pageOf,
  requireGroup,
} from '../parts.ts';
import {
  describeLogGroupsRequest,
  describeLogGroupsResponse,
  describeLogStreamsRequest,
  describeLogStreamsResponse,
} from '../shapes.ts';

const pageSize = 50;

/** DescribeLogGroups: the groups, sorted by name. */
export function describeLogGroups(parts: LogsParts) {
  return operation({
    action: 'logs:DescribeLogGroups',
    readOnly: true,
    input: describeLogGroupsRequest,
    output: describeLogGroupsResponse,
    permissions: (_request, context) => [
      { action: 'logs:DescribeLogGroups', resources: [`${groupArn('', context)}:log-stream:`] },
    ],
    handle: (request, context) => {
      const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern } = request;
      if (prefix !== undefined && pattern !== undefined) {
        throw invalidParameter(
          'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
        );
      }
      const names = request.logGroupIdentifiers?.map((each) => nameInArn(each, context) ?? each);
      const { logGroupClass = 'STANDARD' } = request;
      const found = [...allGroups(parts).values()]
        .filter(({ name }) => name.startsWith(prefix ?? ''))
        .filter(({ name }) => name.includes(pattern ?? ''))
        .filter(({ name }) => names?.includes(name) ?? true)
        .filter(() => logGroupClass === 'STANDARD')
        .sort((a, b) => compare(a.name, b.name));
      const { limit = pageSize, nextToken: token } = request;
      const { page, nextToken } = pageOf(found, ({ name }) => name, true, limit, token);
      const logGroups = page.map((group) => shownGroup(parts, group, context));
      return { output: { logGroups, nextToken } };
    },
  });
}

function shownGroup({ groups }: LogsParts, group: LogGroup, context: CallContext) {
  const { name, createdMs, streams } = group;
  const arn = groupArn(name, context);
  return {
    logGroupName: name,
    creationTime: createdMs,
    retentionInDays: groups.settings(name).retentionDays,
    metricFilterCount: 0,
    arn: `${arn}:*`,
    storedBytes: streams.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    logGroupClass: 'STANDARD',
    logGroupArn: arn,
  };
}

/** DescribeLogStreams: the streams of a group, sorted by name or by the time of the last event. */
export function describeLogStreams(parts: LogsParts) {
  return operation({
    action: 'logs:DescribeLogStreams',
    readOnly: true,
    input: describeLogStreamsRequest,
    output: describeLogStreamsResponse,
    permissions: onGroup('logs:DescribeLogStreams', parts),
    handle: (request, context) => {
      const { logStreamNamePrefix: prefix, orderBy = 'LogStreamName' } = request;
      if (prefix !== undefined && orderBy === 'LastEventTime') {
        throw invalidParameter(
          'Cannot order by LastEventTime with a logStreamNamePrefix specified.',
        );
      }
      const group = requireGroup(parts, request, context);
      const found = group.streams.filter(({ stream }) => stream.startsWith(prefix ?? ''));
      if (orderBy === 'LastEventTime') found.sort((a, b) => (a.newestMs ?? 0) - (b.newestMs ?? 0));
      if (request.descending === true) found.reverse();
      const { limit = pageSize, nextToken: token } = request;
      const { page, nextToken } = pageOf(found, ({ stream }) => stream, false, limit, token);
      const logStreams = page.map((lines) => shownStream(parts, group, lines, context));
      return { output: { logStreams, nextToken } };
    },
  });
}

function shownStream(
  { logs }: LogsParts,
  group: LogGroup,
  lines: StreamLines,
  context: CallContext,
) {
  const { stream, createdMs, newestMs } = lines;
  const first = lines.indexAtTime(logs.keptFromMs(lines));
  const hasLines = first < lines.count;
  return {
    logStreamName: stream,
    creationTime: createdMs,
    firstEventTimestamp: hasLines ? lines.timeAt(first) : undefined,
    lastEventTimestamp: hasLines ? newestMs : undefined,
    lastIngestionTime: hasLines ? newestMs : undefined,
    // Nobody but the service writes, but clients expect it.
    uploadSequenceToken: String(lines.next).padStart(56, '0'),
    arn: `${groupArn(group.name, context)}:log-stream:${stream}`,
    // CloudWatch Logs stopped counting it.
    storedBytes: 0,
  };
}
