// Values over time.

import LineChart from '@cloudscape-design/components/line-chart';
import { timeText } from './time.tsx';

/** A line of a plot. */
export interface Line {
  readonly title: string;
  readonly points: readonly { readonly x: Date; readonly y: number }[];
}

interface PlotProps {
  readonly name: string;
  /** With one line, there is no legend. */
  readonly lines: readonly Line[];
  readonly from: Date;
  readonly to: Date;
}

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayMs = 24 * 3_600_000;

/** Numbers with a unit prefix: 1500 is 1.5K. */
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Plots values. Each point has a text, which can be reached with the keyboard. */
export function Plot({ name, lines, from, to }: PlotProps) {
  const isLong = to.getTime() - from.getTime() > dayMs;
  const largest = Math.max(1, ...lines.flatMap(({ points }) => points.map(({ y }) => y)));
  return (
    <LineChart
      series={lines.map(({ title, points }) => ({
        title,
        type: 'line',
        data: points,
        valueFormatter: (value: number) => short.format(value),
      }))}
      xScaleType="time"
      xDomain={[from, to]}
      yDomain={[0, largest * 1.1]}
      height={160}
      hideFilter
      hideLegend={lines.length === 1}
      ariaLabel={name}
      xTitle="Time"
      yTitle=""
      i18nStrings={{
        xTickFormatter: (time: Date) => (isLong ? days : hours).format(time),
        yTickFormatter: (value) => short.format(value),
        detailPopoverDismissAriaLabel: 'Close',
        legendAriaLabel: 'Lines',
        chartAriaRoleDescription: 'line chart',
        xAxisAriaRoleDescription: 'time',
        yAxisAriaRoleDescription: 'value',
      }}
      detailPopoverSeriesContent={({ series, y }) => ({
        key: series.title,
        value: short.format(y),
      })}
      detailPopoverFooter={(time: Date) => timeText(time)}
    />
  );
}
