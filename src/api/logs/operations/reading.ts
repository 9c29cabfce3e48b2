// The operations that read log events.

import { AwsError } from '../../../aws/errors.ts';
import { operation } from '../../../aws/service.ts';
import { compileFilterPattern } from '../../../logs/patterns/filter-pattern.ts';
import { readFilteredPage } from '../../../logs/reading/filtered-page.ts';
import { pageLimits } from '../../../logs/reading/page-budget.ts';
import { readStreamPage } from '../../../logs/reading/stream-page.ts';
import type { StreamLines } from '../../../logs/store/stream-lines.ts';
import {
  invalidParameter,
  type LogGroup,
  type LogsParts,
  onGroup,
  onStream,
  requireGroup,
} from '../parts.ts';
import {
  filterLogEventsRequest,
  filterLogEventsResponse,
  getLogEventsRequest,
  getLogEventsResponse,
} from '../shapes.ts';

/** GetLogEvents: the events of one stream, in both directions. */
export function getLogEvents(parts: LogsParts) {
  return operation({
    action: 'logs:GetLogEvents',
    readOnly: true,
    input: getLogEventsRequest,
    output: getLogEventsResponse,
    permissions: onStream('logs:GetLogEvents', parts),
    handle: async (request, context) => {
      const group = requireGroup(parts, request, context);
      const lines = requireStream(group, request.logStreamName);
      const page = await readStreamPage(
        parts.logs,
        lines,
        {
          ...timesOf(request),
          limit: request.limit ?? pageLimits.countMax,
          startsFromHead: request.startFromHead ?? false,
          token: request.nextToken,
        },
        parts.clock,
      );
      return {
        output: {
          events: page.lines.map(({ atMs, text }) => ({
            timestamp: atMs,
            message: text,
            ingestionTime: atMs,
          })),
          nextForwardToken: page.forwardToken,
          nextBackwardToken: page.backwardToken,
        },
      };
    },
  });
}

/** FilterLogEvents: the events of a group that match a pattern. */
export function filterLogEvents(parts: LogsParts) {
  return operation({
    action: 'logs:FilterLogEvents',
    readOnly: true,
    input: filterLogEventsRequest,
    output: filterLogEventsResponse,
    permissions: onGroup('logs:FilterLogEvents', parts),
    handle: async (request, context) => {
      const { logStreamNames: names, logStreamNamePrefix: prefix, filterPattern = '' } = request;
      if (names !== undefined && prefix !== undefined) {
        throw invalidParameter(
          'logStreamNames and logStreamNamePrefix are mutually exclusive parameters.',
        );
      }
      const pattern = compileFilterPattern(filterPattern);
      const group = requireGroup(parts, request, context);
      const streams =
        names === undefined
          ? group.streams.filter(({ stream }) => stream.startsWith(prefix ?? ''))
          : [...new Set(names)].map((name) => requireStream(group, name));
      const { limit = pageLimits.countMax, nextToken: token } = request;
      const { fromMs, toMs } = timesOf(request);
      // Unlike in GetLogEvents, the end is included. Times are whole milliseconds.
      const wanted = { fromMs, toMs: toMs + 1, limit, pattern, token };
      const page = await readFilteredPage(parts.logs, streams, wanted, parts.clock);
      return {
        output: {
          events: page.lines.map(({ stream, atMs, text, eventId }) => ({
            logStreamName: stream,
            timestamp: atMs,
            message: text,
            ingestionTime: atMs,
            eventId,
          })),
          searchedLogStreams: [],
          nextToken: page.nextToken,
        },
      };
    },
  });
}

function requireStream({ streams }: LogGroup, name: string): StreamLines {
  const found = streams.find(({ stream }) => stream === name);
  if (found !== undefined) return found;
  throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

function timesOf({
  startTime = 0,
  endTime = Infinity,
}: {
  readonly startTime?: number | undefined;
  readonly endTime?: number | undefined;
}): { readonly fromMs: number; readonly toMs: number } {
  if (startTime <= endTime) return { fromMs: startTime, toMs: endTime };
  throw invalidParameter('startTime must be less than or equal to endTime.');
}
