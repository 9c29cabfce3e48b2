// The operations that are refused: alarms, dashboards, and values from outside.

import { refusal } from '../../../aws/service.ts';
import { MetricsError } from '../../../metrics/errors.ts';
import { nothing } from '../shapes.ts';

const alarms = 'Alarms are not supported: use alert rules of Prometheus.';
const dashboards = 'Dashboards are not supported: use Grafana.';
const foreign = 'Values from outside are not supported: only brokers have metrics.';

/** The refused operations, with the reason and whether they only read. */
const reasons: Readonly<Record<string, readonly [reason: string, readOnly: boolean]>> = {
  DeleteAlarms: [alarms, false],
  DescribeAlarmHistory: [alarms, true],
  DescribeAlarms: [alarms, true],
  DescribeAlarmsForMetric: [alarms, true],
  DisableAlarmActions: [alarms, false],
  EnableAlarmActions: [alarms, false],
  PutCompositeAlarm: [alarms, false],
  PutMetricAlarm: [alarms, false],
  SetAlarmState: [alarms, false],
  DeleteDashboards: [dashboards, false],
  GetDashboard: [dashboards, true],
  ListDashboards: [dashboards, true],
  PutDashboard: [dashboards, false],
  PutMetricData: [foreign, false],
};

/** The operations that are refused with the reason. */
export const refusedOperations = Object.fromEntries(
  Object.entries(reasons).map(([name, [reason, readOnly]]) => [
    name,
    refusal({
      action: `cloudwatch:${name}`,
      readOnly,
      input: nothing,
      output: nothing,
      refuse: () => new MetricsError('unsupported', reason),
    }),
  ]),
);
