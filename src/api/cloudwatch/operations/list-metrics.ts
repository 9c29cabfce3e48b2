// The CloudWatch operation `ListMetrics`.

import { operation } from '../../../aws/service.ts';
import { namespace } from '../../../metrics/definitions.ts';
import { MetricsError } from '../../../metrics/errors.ts';
import type { MetricName, MetricQueries } from '../../../metrics/queries.ts';
import { listMetricsRequest, listMetricsResponse } from '../shapes.ts';

const hourMs = 3600 * 1000;
/** How long a metric is listed after its last value, as in CloudWatch: two weeks. */
const listedMs = 14 * 24 * hourMs;
const pageSize = 500;

/** Lists the metrics that had values in the last two weeks. */
export function listMetrics(queries: MetricQueries) {
  return operation({
    action: 'cloudwatch:ListMetrics',
    readOnly: true,
    input: listMetricsRequest,
    output: listMetricsResponse,
    handle: async (request, { nowMs }) => {
      const isRecent = request.RecentlyActive !== undefined;
      const fromMs = nowMs - (isRecent ? 3 * hourMs : listedMs);
      const isOther = (request.Namespace ?? namespace) !== namespace;
      const all = isOther ? [] : await queries.names(fromMs, nowMs + hourMs);
      const found = all.filter((each) => fits(each, request.MetricName, request.Dimensions ?? []));
      const first = firstOf(request.NextToken, found.length);
      const page = found.slice(first, first + pageSize);
      const next = first + page.length;
      return {
        output: {
          Metrics: page.map(({ metricName, dimensions }) => ({
            Namespace: namespace,
            MetricName: metricName,
            Dimensions: dimensions.map(([Name, Value]) => ({ Name, Value })),
          })),
          NextToken: next < found.length ? String(next) : undefined,
        },
      };
    },
  });
}

function fits(
  { metricName, dimensions }: MetricName,
  name: string | undefined,
  filters: readonly { readonly Name: string; readonly Value?: string | undefined }[],
): boolean {
  if (name !== undefined && name !== metricName) return false;
  return filters.every(({ Name, Value }) =>
    dimensions.some(([key, value]) => key === Name && (Value === undefined || Value === value)),
  );
}

function firstOf(token: string | undefined, count: number): number {
  if (token === undefined || token === '') return 0;
  const first = /^\d{1,9}$/.test(token) ? Number(token) : -1;
  if (first > 0 && first <= count) return first;
  throw new MetricsError('invalid-token', 'The NextToken does not belong to this request.');
}
