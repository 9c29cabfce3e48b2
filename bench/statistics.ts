import type { FigureName, Measurement, PeerName, ScenarioName } from './results.ts';

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return (upper + lower) / 2;
}

/** Names one figure in all rounds of one scenario against one broker. */
export interface Series {
  readonly scenario: ScenarioName;
  readonly peer: PeerName | 'disk';
  readonly bodyBytes: number;
  readonly figure: FigureName;
}

/** A series' values, by round. */
function valuesOf(measurements: readonly Measurement[], series: Series): Map<number, number> {
  const values = new Map<number, number>();
  for (const { scenario, peer, bodyBytes, round, figures } of measurements) {
    const value = figures[series.figure];
    const isOfIt =
      scenario === series.scenario && peer === series.peer && bodyBytes === series.bodyBytes;
    if (isOfIt && value !== undefined) values.set(round, value);
  }
  return values;
}

/** The median of a series, or nothing where it was not measured. */
export function medianOf(measurements: readonly Measurement[], series: Series): number | undefined {
  return median([...valuesOf(measurements, series).values()]);
}

/**
 * The median of the ratios taken round by round: the machine's speed changes from minute to minute,
 * and runs of one round lie seconds apart.
 */
export function ratioOf(
  measurements: readonly Measurement[],
  above: Series,
  below: Series,
): number | undefined {
  const divisors = valuesOf(measurements, below);
  const ratios: number[] = [];
  for (const [round, value] of valuesOf(measurements, above)) {
    const divisor = divisors.get(round);
    if (divisor) ratios.push(value / divisor);
  }
  return median(ratios);
}
