// A metric over time.

import LineChart from '@cloudscape-design/components/line-chart';
import { timeText } from '../parts/time.tsx';

interface PlotProps {
  readonly name: string;
  readonly times: readonly Date[];
  readonly values: readonly number[];
  readonly from: Date;
  readonly to: Date;
}

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayMs = 24 * 3_600_000;

/** Numbers with a unit prefix: 1500 is 1.5K. */
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Plots a metric. Its values are also read by keyboard: each point has a text. */
export function Plot({ name, times, values, from, to }: PlotProps) {
  const isLong = to.getTime() - from.getTime() > dayMs;
  return (
    <LineChart
      series={[
        {
          title: name,
          type: 'line',
          data: times.map((x, index) => ({ x, y: values[index] ?? 0 })),
          valueFormatter: (value) => short.format(value),
        },
      ]}
      xScaleType="time"
      xDomain={[from, to]}
      yDomain={[0, Math.max(...values, 1) * 1.1]}
      height={160}
      hideFilter
      hideLegend
      ariaLabel={name}
      xTitle="Time"
      yTitle=""
      i18nStrings={{
        xTickFormatter: (time: Date) => (isLong ? days : hours).format(time),
        yTickFormatter: (value) => short.format(value),
        detailPopoverDismissAriaLabel: 'Close',
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
