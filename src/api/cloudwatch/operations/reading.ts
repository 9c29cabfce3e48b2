// The operations that read metrics.

import { operation } from '../../../aws/service.ts';
import { namespace, unitOf } from '../../../metrics/definitions.ts';
import { MetricsError } from '../../../metrics/errors.ts';
import {
  type MetricQueries,
  type MetricQuery,
  pointCount,
  queryLimits,
  type StatisticName,
  statisticNames,
  statisticOf,
} from '../../../metrics/queries.ts';
import type { Dimensions } from '../../../metrics/sample.ts';
import {
  getMetricDataRequest,
  getMetricDataResponse,
  getMetricStatisticsRequest,
  getMetricStatisticsResponse,
} from '../shapes.ts';

/** Maximum number of values that GetMetricStatistics returns, as in CloudWatch. */
const datapointsMax = 1440;

type Given = readonly { readonly Name: string; readonly Value: string }[] | undefined;

function dimensionsOf(given: Given): Dimensions {
  return (given ?? []).map(({ Name, Value }) => [Name, Value] as const);
}

/** A query of GetMetricData that is ready to be answered. */
interface DataQuery extends MetricQuery {
  readonly id: string;
  readonly label: string;
  readonly statistic: StatisticName;
  /** Whether no metric can match. */
  readonly isEmpty: boolean;
  readonly isReturned: boolean;
}

/** GetMetricData: the values of several metrics. */
export function getMetricData(queries: MetricQueries) {
  return operation({
    action: 'cloudwatch:GetMetricData',
    readOnly: true,
    input: getMetricDataRequest,
    output: getMetricDataResponse,
    handle: async (request) => {
      const { StartTime: fromMs, EndTime: toMs, MaxDatapoints: max, NextToken: token } = request;
      const all = request.MetricDataQueries.map(dataQuery).filter(({ isReturned }) => isReturned);
      const first = firstOf(token, all.length);
      const page = pageFrom(all, first, pointsOf(fromMs, toMs), max ?? queryLimits.pointsMax);
      const found = await queries.values(page, fromMs, toMs);
      const isAscending = request.ScanBy === 'TimestampAscending';
      const next = first + page.length;
      return {
        output: {
          MetricDataResults: page.map(({ id, label, statistic, isEmpty }, i) => {
            const points = isEmpty ? [] : [...(found[i] ?? [])];
            if (!isAscending) points.reverse();
            return {
              Id: id,
              Label: label,
              Timestamps: points.map(({ atMs }) => atMs),
              Values: points.map(({ statistics }) => statisticOf(statistic, statistics)),
              StatusCode: 'Complete',
            };
          }),
          NextToken: next < all.length ? String(next) : undefined,
          Messages: [],
        },
      };
    },
  });
}

function dataQuery(given: {
  readonly Id: string;
  readonly MetricStat?:
    | {
        readonly Metric: {
          readonly Namespace?: string | undefined;
          readonly MetricName?: string | undefined;
          readonly Dimensions?: Given;
        };
        readonly Period: number;
        readonly Stat: string;
        readonly Unit?: string | undefined;
      }
    | undefined;
  readonly Expression?: string | undefined;
  readonly Label?: string | undefined;
  readonly ReturnData?: boolean | undefined;
}): DataQuery {
  const { Id: id, MetricStat: stat, Label: label, ReturnData: isReturned = true } = given;
  if (given.Expression !== undefined) {
    throw new MetricsError('unsupported', `Metric math is not supported (query ${id}).`);
  }
  if (stat === undefined) {
    throw new MetricsError('invalid-value', `Query ${id} has neither MetricStat nor Expression.`);
  }
  const { Metric: metric, Period: period, Stat } = stat;
  const { MetricName: metricName = '' } = metric;
  return {
    id,
    label: label ?? metricName,
    metricName,
    dimensions: dimensionsOf(metric.Dimensions),
    period,
    statistic: statisticNamed(Stat),
    isEmpty: metric.Namespace !== namespace || isOtherUnit(metricName, stat.Unit),
    isReturned,
  };
}

function statisticNamed(name: string): StatisticName {
  const found = statisticNames.find((each) => each === name);
  if (found !== undefined) return found;
  const text = `The statistic ${name} is not supported; ${statisticNames.join(', ')} are.`;
  throw new MetricsError('invalid-value', text);
}

/** Metrics have one unit; with another one, CloudWatch finds nothing. */
function isOtherUnit(metricName: string, unit: string | undefined): boolean {
  return unit !== undefined && unit !== unitOf(metricName);
}

function pointsOf(fromMs: number, toMs: number) {
  return ({ period }: MetricQuery) => Math.max(1, pointCount(period, fromMs, toMs));
}

/**
 * The queries of a page: as many as have at most this many values and a few periods together, and at
 * least one. Each period takes a scan of the samples.
 */
function pageFrom(
  all: readonly DataQuery[],
  first: number,
  points: (query: MetricQuery) => number,
  max: number,
): readonly DataQuery[] {
  const page: DataQuery[] = [];
  const periods = new Set<number>();
  let count = 0;
  for (const query of all.slice(first)) {
    count += points(query);
    periods.add(query.period);
    if (page.length > 0 && (count > max || periods.size > queryLimits.pagePeriodsMax)) break;
    page.push(query);
  }
  return page;
}

function firstOf(token: string | undefined, count: number): number {
  if (token === undefined || token === '') return 0;
  const first = /^\d{1,3}$/.test(token) ? Number(token) : -1;
  if (first > 0 && first < count) return first;
  throw new MetricsError('invalid-token', 'The NextToken does not belong to this request.');
}

/** GetMetricStatistics: the statistics of one metric. */
export function getMetricStatistics(queries: MetricQueries) {
  return operation({
    action: 'cloudwatch:GetMetricStatistics',
    readOnly: true,
    input: getMetricStatisticsRequest,
    output: getMetricStatisticsResponse,
    handle: async (request) => {
      const { MetricName: metricName, StartTime: fromMs, EndTime: toMs, Period: period } = request;
      const { Statistics: statistics = [], ExtendedStatistics: extended = [] } = request;
      if (extended.length > 0) {
        throw new MetricsError(
          'unsupported',
          'Extended statistics (percentiles) are not supported.',
        );
      }
      if (statistics.length === 0) {
        throw new MetricsError(
          'invalid-combination',
          'At least one of the parameters Statistics and ExtendedStatistics must be specified.',
        );
      }
      const count = pointCount(period, fromMs, toMs);
      if (count > datapointsMax) {
        throw new MetricsError(
          'invalid-combination',
          `You have requested up to ${count} datapoints, which exceeds the limit of ${datapointsMax}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
        );
      }
      const query = { metricName, dimensions: dimensionsOf(request.Dimensions), period };
      const isEmpty = request.Namespace !== namespace || isOtherUnit(metricName, request.Unit);
      const [points = []] = await queries.values([query], fromMs, toMs);
      return {
        output: {
          Label: metricName,
          Datapoints: (isEmpty ? [] : points).map(({ atMs, statistics: of }) => ({
            Timestamp: atMs,
            ...Object.fromEntries(statistics.map((name) => [name, statisticOf(name, of)])),
            Unit: unitOf(metricName) ?? 'None',
          })),
        },
      };
    },
  });
}
