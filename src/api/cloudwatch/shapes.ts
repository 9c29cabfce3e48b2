// The shapes of the CloudWatch operations.

import {
  boolean,
  double,
  enumeration,
  integer,
  list,
  map,
  required,
  string,
  structure,
  timestamp,
} from '../../aws/shapes/shape.ts';

/* CloudWatch's shapes, API version 2010-08-01. */

const metricNamespace = string({ min: 1, max: 255, pattern: /^[^:].*$/ });
const metricName = string({ min: 1, max: 255 });
const dimensionName = string({ min: 1, max: 255 });
const dimensionValue = string({ min: 1, max: 1024 });
const token = string({ max: 8192 });
const period = integer({ min: 1 });
const unit = enumeration([
  'Seconds',
  'Microseconds',
  'Milliseconds',
  'Bytes',
  'Kilobytes',
  'Megabytes',
  'Gigabytes',
  'Terabytes',
  'Bits',
  'Kilobits',
  'Megabits',
  'Gigabits',
  'Terabits',
  'Percent',
  'Count',
  'Bytes/Second',
  'Kilobytes/Second',
  'Megabytes/Second',
  'Gigabytes/Second',
  'Terabytes/Second',
  'Bits/Second',
  'Kilobits/Second',
  'Megabits/Second',
  'Gigabits/Second',
  'Terabits/Second',
  'Count/Second',
  'None',
]);
const dimensions = list(
  structure({ Name: required(dimensionName), Value: required(dimensionValue) }),
  { max: 30 },
);
const metric = structure({
  Namespace: metricNamespace,
  MetricName: metricName,
  Dimensions: dimensions,
});
const shownDimensions = list(structure({ Name: string(), Value: string() }));
const messages = list(structure({ Code: string(), Value: string() }));

/** No members. */
export const nothing = structure({});

/** The request of GetMetricData. */
export const getMetricDataRequest = structure({
  MetricDataQueries: required(
    list(
      structure({
        Id: required(string({ min: 1, max: 255 })),
        MetricStat: structure({
          Metric: required(metric),
          Period: required(period),
          Stat: required(string({ max: 64 })),
          Unit: unit,
        }),
        Expression: string({ min: 1, max: 2048 }),
        Label: string({ max: 2048 }),
        ReturnData: boolean(),
        Period: period,
        AccountId: string({ min: 1, max: 255 }),
      }),
      { max: 500 },
    ),
  ),
  StartTime: required(timestamp()),
  EndTime: required(timestamp()),
  NextToken: token,
  ScanBy: enumeration(['TimestampDescending', 'TimestampAscending']),
  MaxDatapoints: integer({ min: 1, max: 100_800 }),
  LabelOptions: structure({ Timezone: string({ max: 16 }) }),
});

/** The response of GetMetricData. */
export const getMetricDataResponse = structure({
  MetricDataResults: list(
    structure({
      Id: string(),
      Label: string(),
      Timestamps: list(timestamp()),
      Values: list(double()),
      StatusCode: string(),
      Messages: messages,
    }),
  ),
  NextToken: string(),
  Messages: messages,
});

/** The request of GetMetricStatistics. */
export const getMetricStatisticsRequest = structure({
  Namespace: required(metricNamespace),
  MetricName: required(metricName),
  Dimensions: dimensions,
  StartTime: required(timestamp()),
  EndTime: required(timestamp()),
  Period: required(period),
  Statistics: list(enumeration(['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum']), {
    min: 1,
    max: 5,
  }),
  ExtendedStatistics: list(string({ max: 64 }), { min: 1, max: 10 }),
  Unit: unit,
});

/** The response of GetMetricStatistics. */
export const getMetricStatisticsResponse = structure({
  Label: string(),
  Datapoints: list(
    structure({
      Timestamp: timestamp(),
      SampleCount: double(),
      Average: double(),
      Sum: double(),
      Minimum: double(),
      Maximum: double(),
      Unit: string(),
      ExtendedStatistics: map(string(), double()),
    }),
  ),
});

/** The request of ListMetrics. */
export const listMetricsRequest = structure({
  Namespace: metricNamespace,
  MetricName: metricName,
  Dimensions: list(structure({ Name: required(dimensionName), Value: dimensionValue }), {
    max: 10,
  }),
  NextToken: token,
  RecentlyActive: enumeration(['PT3H']),
  IncludeLinkedAccounts: boolean(),
  OwningAccount: string({ min: 1, max: 255 }),
});

/** The response of ListMetrics. */
export const listMetricsResponse = structure({
  Metrics: list(
    structure({ Namespace: string(), MetricName: string(), Dimensions: shownDimensions }),
  ),
  NextToken: string(),
  OwningAccounts: list(string()),
});
