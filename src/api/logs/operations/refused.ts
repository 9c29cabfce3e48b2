// The operations that are refused: queries and live tails.

import { refusal } from '../../../aws/service.ts';
import { LogsError } from '../../../logs/errors.ts';
import { nothing } from '../shapes.ts';

const queries = 'CloudWatch Logs Insights is not supported: use FilterLogEvents.';
const tails =
  'Live tails are not supported: use FilterLogEvents, as `aws logs tail --follow` does.';

/** The refused operations, with the reason. */
const reasons: Readonly<Record<string, string>> = {
  DescribeQueries: queries,
  GetLogGroupFields: queries,
  GetLogRecord: queries,
  GetQueryResults: queries,
  StartQuery: queries,
  StopQuery: queries,
  StartLiveTail: tails,
};

/** The operations that are refused with the reason. */
export const refusedOperations = Object.fromEntries(
  Object.entries(reasons).map(([name, reason]) => [
    name,
    refusal({
      action: `logs:${name}`,
      readOnly: true,
      input: nothing,
      output: nothing,
      refuse: () => new LogsError('unsupported', reason),
    }),
  ]),
);
