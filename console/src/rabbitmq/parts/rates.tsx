// Plots of the rates and lengths that the management API samples.

import ColumnLayout from '@cloudscape-design/components/column-layout';
import { ageSeconds, History, rateLine, valueLine } from '../../broker/history.tsx';
import type { MessageStats, QueueLengths } from '../model.ts';

/** The steps of the history, seconds. */
const stepSeconds = 5;

/** The query for the histories that these plots show. */
export const historyQuery = {
  lengths_age: ageSeconds,
  lengths_incr: stepSeconds,
  msg_rates_age: ageSeconds,
  msg_rates_incr: stepSeconds,
} as const;

/** The query for the history of the bytes of a connection. */
export const dataQuery = { data_rates_age: ageSeconds, data_rates_incr: stepSeconds } as const;

/** The plots of messages: how many there are, and how many come and go. */
export function MessagePlots({
  stats,
  lengths,
}: {
  readonly stats: MessageStats | undefined;
  readonly lengths: QueueLengths;
}) {
  return (
    <ColumnLayout columns={2}>
      <History
        name="Messages"
        lines={[
          valueLine('Ready', lengths.messages_ready_details),
          valueLine('Unacknowledged', lengths.messages_unacknowledged_details),
        ]}
      />
      <History
        name="Messages per second"
        lines={[
          rateLine('Published', stats?.publish_details),
          rateLine('Delivered', stats?.deliver_get_details),
          rateLine('Acknowledged', stats?.ack_details),
        ]}
      />
    </ColumnLayout>
  );
}
