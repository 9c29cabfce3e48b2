// The actions of CloudWatch.

import { serviceActions } from './service-actions.ts';

/** @see Service authorization reference, "Actions, resources, and condition keys for CloudWatch" */
export const cloudWatchActions = serviceActions(
  'cloudwatch',
  {
    alarm: 'arn:${Partition}:cloudwatch:${Region}:${Account}:alarm:${AlarmName}',
    dashboard: 'arn:${Partition}:cloudwatch::${Account}:dashboard/${DashboardName}',
  },
  [
    ['Read', [], [], 'GetMetricData GetMetricStatistics'],
    ['List', [], [], 'ListMetrics ListDashboards'],
    ['Read', ['alarm'], [], 'DescribeAlarmHistory DescribeAlarms'],
    ['Read', [], [], 'DescribeAlarmsForMetric'],
    ['Read', ['dashboard'], [], 'GetDashboard'],
    ['Write', ['alarm'], [], 'DeleteAlarms DisableAlarmActions EnableAlarmActions SetAlarmState'],
    ['Write', ['alarm'], [], 'PutCompositeAlarm PutMetricAlarm'],
    ['Write', ['dashboard'], [], 'DeleteDashboards PutDashboard'],
    ['Write', [], [], 'PutMetricData'],
  ],
);
