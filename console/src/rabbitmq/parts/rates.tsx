// Plots of the rates and lengths that the management API samples.

import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { type Line, Plot } from '../../parts/plot.tsx';
import type { Details, MessageStats, QueueLengths } from '../model.ts';

/** The history that is shown, seconds, and its steps. The broker keeps as much. */
const ageSeconds = 600;
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

/** The changes per second of a counter. */
export function rateLine(title: string, { samples = [] }: Details = { rate: 0 }): Line {
  const points = samples.slice(0, -1).map(({ sample, timestamp }, index) => {
    const before = samples[index + 1] ?? { sample, timestamp };
    const seconds = Math.max(1, (timestamp - before.timestamp) / 1000);
    return { x: new Date(timestamp), y: Math.max(0, (sample - before.sample) / seconds) };
  });
  return { title, points: points.reverse() };
}

function valueLine(title: string, { samples = [] }: Details = { rate: 0 }): Line {
  const points = samples.map(({ sample, timestamp }) => ({ x: new Date(timestamp), y: sample }));
  return { title, points: points.reverse() };
}

interface HistoryProps {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** A plot of the last ten minutes in a box. */
export function History({ name, lines }: HistoryProps) {
  const to = lines[0]?.points.at(-1)?.x ?? new Date();
  return (
    <Container header={<Header variant="h2">{name}</Header>}>
      {lines.every(({ points }) => points.length < 2) ? (
        <Box color="text-body-secondary">
          The broker takes samples while somebody looks. The plot appears in some seconds.
        </Box>
      ) : (
        <Plot name={name} lines={lines} from={new Date(to.getTime() - ageSeconds * 1000)} to={to} />
      )}
    </Container>
  );
}

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
