// Medians and ratios of figures.

import type { FigureName, Measurement, PeerName, ScenarioName } from './results.ts';

/** Returns the median; for an even number of values, the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return (upper + lower) / 2;
}

/** Identifies a figure of a scenario with a broker, over all rounds. */
export interface Series<
  Scenario extends string = ScenarioName,
  Peer extends string = PeerName | 'disk',
> {
  readonly scenario: Scenario;
  readonly peer: Peer;
  readonly bodyBytes: number;
  readonly figure: FigureName;
}

/** Returns the values of a series by round. */
function valuesOf(
  measurements: readonly Measurement<string, string>[],
  series: Series<string, string>,
): Map<number, number> {
  const values = new Map<number, number>();
  for (const { scenario, peer, bodyBytes, round, figures } of measurements) {
    const value = figures[series.figure];
    const isOfIt =
      scenario === series.scenario && peer === series.peer && bodyBytes === series.bodyBytes;
    if (isOfIt && value !== undefined) values.set(round, value);
  }
  return values;
}

/** Returns the median of a series; undefined if it was not measured. */
export function medianOf<Scenario extends string, Peer extends string>(
  measurements: readonly Measurement<Scenario, Peer>[],
  series: Series<Scenario, Peer>,
): number | undefined {
  return median([...valuesOf(measurements, series).values()]);
}

/**
 * Returns the median of the ratios of each round. The speed of a machine changes between minutes,
 * and the runs of a round are seconds apart.
 */
export function ratioOf<Scenario extends string, Peer extends string>(
  measurements: readonly Measurement<Scenario, Peer>[],
  above: Series<Scenario, Peer>,
  below: Series<Scenario, Peer>,
): number | undefined {
  const divisors = valuesOf(measurements, below);
  const ratios: number[] = [];
  for (const [round, value] of valuesOf(measurements, above)) {
    const divisor = divisors.get(round);
    if (divisor) ratios.push(value / divisor);
  }
  return median(ratios);
}
