// The operations that are refused: events and streams of callers, resource policies, queries and live
// tails.

import { refusal } from '../../../aws/service.ts';
import { LogsError } from '../../../logs/errors.ts';
import { nothing } from '../shapes.ts';

const queries = 'CloudWatch Logs Insights is not supported: use FilterLogEvents.';
const tails =
  'Live tails are not supported: use FilterLogEvents, as `aws logs tail --follow` does.';
const writers = 'Only brokers write log events, to streams of their own.';
const policies = 'Resource policies are not supported: brokers write their logs without one.';

/** The refused operations, with the reason and whether they only read. */
const reasons: Readonly<Record<string, readonly [reason: string, readOnly: boolean]>> = {
  CreateLogStream: [writers, false],
  DeleteLogStream: [writers, false],
  PutLogEvents: [writers, false],
  DeleteResourcePolicy: [policies, false],
  DescribeResourcePolicies: [policies, true],
  PutResourcePolicy: [policies, false],
  DescribeQueries: [queries, true],
  GetLogGroupFields: [queries, true],
  GetLogRecord: [queries, true],
  GetQueryResults: [queries, true],
  StartQuery: [queries, true],
  StopQuery: [queries, true],
  StartLiveTail: [tails, true],
};

/** The operations that are refused with the reason. */
export const refusedOperations = Object.fromEntries(
  Object.entries(reasons).map(([name, [reason, readOnly]]) => [
    name,
    refusal({
      action: `logs:${name}`,
      readOnly,
      input: nothing,
      output: nothing,
      refuse: () => new LogsError('unsupported', reason),
    }),
  ]),
);
