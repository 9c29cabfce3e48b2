// The CloudWatch service.

import { AwsError } from '../../aws/errors.ts';
import type { Service } from '../../aws/service.ts';
import { MetricsError } from '../../metrics/errors.ts';
import type { MetricQueries } from '../../metrics/queries.ts';
import { listMetrics } from './operations/list-metrics.ts';
import { getMetricData, getMetricStatistics } from './operations/reading.ts';
import { refusedOperations } from './operations/refused.ts';

/** The CloudWatch API over the metrics of the brokers. */
export function cloudWatchService(queries: MetricQueries): Service {
  return {
    name: 'monitoring',
    wires: ['query', 'json-1.0', 'rpc-v2-cbor'],
    targetPrefixes: ['GraniteServiceVersion20100801'],
    xmlNamespace: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
    eventSource: 'monitoring.amazonaws.com',
    apiVersion: '2010-08-01',
    operations: {
      GetMetricData: getMetricData(queries),
      GetMetricStatistics: getMetricStatistics(queries),
      ListMetrics: listMetrics(queries),
      ...refusedOperations,
    },
    translate: (error) => {
      if (!(error instanceof MetricsError)) return undefined;
      return new AwsError(codes[error.code], error.message, { cause: error });
    },
  };
}

const codes = {
  'invalid-value': 'InvalidParameterValue',
  'invalid-combination': 'InvalidParameterCombination',
  'invalid-token': 'InvalidNextToken',
  busy: 'Throttling',
  unsupported: 'UnsupportedOperation',
} as const;
