// Calls about logs.

import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { clientOf } from '../aws/clients.ts';

/** The client of CloudWatch Logs. */
export const logs = (): CloudWatchLogsClient => clientOf(CloudWatchLogsClient);
