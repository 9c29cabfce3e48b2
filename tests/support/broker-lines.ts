// Lines of a broker's log, as CloudWatch has them.

import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { calledService, clientOptions } from './cloudwatch.ts';
import type { Waxwing } from './waxwing.ts';

/** Returns the first lines of a log of a broker that match a pattern of CloudWatch. */
export async function brokerLines(
  waxwing: Waxwing,
  brokerId: string,
  category: string,
  filterPattern: string,
): Promise<string[]> {
  const client = new CloudWatchLogsClient(clientOptions(calledService(waxwing)));
  try {
    const logGroupName = `/aws/amazonmq/broker/${brokerId}/${category}`;
    const asked = new FilterLogEventsCommand({ logGroupName, filterPattern, limit: 100 });
    return ((await client.send(asked)).events ?? []).map(({ message = '' }) => message);
  } finally {
    client.destroy();
  }
}
