// Plots of the last ten minutes, from the samples of a broker.

import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import { type Line, Plot } from '../parts/plot.tsx';

/** A rate, and the samples of a history, newest first. */
export interface Details {
  readonly rate: number;
  readonly samples?: readonly { readonly sample: number; readonly timestamp: number }[];
}

/** The history that is shown, seconds. Brokers keep as much. */
export const ageSeconds = 600;

/** The changes per second of a counter. */
export function rateLine(title: string, { samples = [] }: Details = { rate: 0 }): Line {
  const points = samples.slice(0, -1).map(({ sample, timestamp }, index) => {
    const before = samples[index + 1] ?? { sample, timestamp };
    const seconds = Math.max(1, (timestamp - before.timestamp) / 1000);
    return { x: new Date(timestamp), y: Math.max(0, (sample - before.sample) / seconds) };
  });
  return { title, points: points.reverse() };
}

/** A value over time. */
export function valueLine(title: string, { samples = [] }: Details = { rate: 0 }): Line {
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
