// Queries of metrics over stored samples.

import { MetricsError } from './errors.ts';
import type { MetricStore, ResolutionSeconds } from './metric-store.ts';
import {
  type Dimensions,
  dimensionsKey,
  joined,
  type Sample,
  type Statistics,
  sorted,
} from './sample.ts';

/** Limits of queries. */
export const queryLimits = {
  /** Maximum number of requests that read samples at the same time. */
  readersMax: 4,
  /** Maximum number of values of one query. */
  pointsMax: 100_800,
  /** Maximum number of different periods of the queries that one page answers. */
  pagePeriodsMax: 3,
} as const;

/** The statistics that can be requested. */
export const statisticNames = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;

/** One of {@link statisticNames}. */
export type StatisticName = (typeof statisticNames)[number];

/** A metric over time. */
export interface MetricQuery {
  readonly metricName: string;
  readonly dimensions: Dimensions;
  /** Seconds, a multiple of 60. */
  readonly period: number;
}

/** A period with values, milliseconds since 1970. */
export interface Point {
  readonly atMs: number;
  readonly statistics: Statistics;
}

/** A metric that exists. */
export interface MetricName {
  readonly metricName: string;
  readonly dimensions: Dimensions;
}

/** The value of a statistic. */
export function statisticOf(name: StatisticName, statistics: Statistics): number {
  const [count, sum, minimum, maximum] = statistics;
  switch (name) {
    case 'SampleCount':
      return count;
    case 'Average':
      return sum / count;
    case 'Sum':
      return sum;
    case 'Minimum':
      return minimum;
    case 'Maximum':
      return maximum;
  }
}

/** Answers queries, with a limited number of them at the same time. */
export class MetricQueries {
  readonly #store: MetricStore;
  #readerCount = 0;

  constructor(store: MetricStore) {
    this.#store = store;
  }

  /**
   * Returns the values of metrics, oldest first.
   *
   * @param fromMs inclusive, milliseconds since 1970
   * @param toMs exclusive
   * @throws {MetricsError} `busy`, `invalid-value`
   */
  values(
    queries: readonly MetricQuery[],
    fromMs: number,
    toMs: number,
  ): Promise<readonly (readonly Point[])[]> {
    for (const { period } of queries) requirePeriod(period, fromMs, toMs);
    return this.#reading(async () => {
      const found = queries.map(() => new Map<number, Statistics>());
      const keys = queries.map(({ dimensions }) => dimensionsKey(sorted(dimensions)));
      const periods = new Set(queries.map(({ period }) => period));
      for (const wanted of periods) {
        const read = queries.flatMap(({ period, metricName }, i) =>
          period === wanted ? [{ metricName, key: keys[i] ?? '', points: found[i] }] : [],
        );
        for await (const { atMs, sample } of this.#samples(wanted, fromMs, toMs)) {
          for (const each of read) collect(sample, atMs, wanted, each);
        }
      }
      return found.map((points) =>
        [...points]
          .map(([atMs, statistics]) => ({ atMs, statistics }))
          .sort((a, b) => a.atMs - b.atMs),
      );
    });
  }

  /** The samples for a period, of the coarsest resolution that fits, and of finer ones at the end. */
  async *#samples(period: number, fromMs: number, toMs: number) {
    const fitting = ([3600, 300, 60] as const).filter((seconds) => period % seconds === 0);
    let nextMs = Math.floor(fromMs / (period * 1000)) * period * 1000;
    for (const seconds of fitting) {
      const endMs = Math.min(toMs, this.#endOf(seconds, nextMs, fitting));
      yield* this.#store.read(seconds, nextMs, endMs);
      nextMs = Math.max(nextMs, endMs);
    }
  }

  /** The time up to which a resolution is read. The finest one is read to the end. */
  #endOf(
    seconds: ResolutionSeconds,
    fromMs: number,
    fitting: readonly ResolutionSeconds[],
  ): number {
    if (seconds === fitting.at(-1)) return Infinity;
    return this.#store.endMs(seconds) ?? fromMs;
  }

  /**
   * Lists the metrics of a time.
   *
   * @throws {MetricsError} `busy`
   */
  names(fromMs: number, toMs: number): Promise<readonly MetricName[]> {
    return this.#reading(async () => {
      const found = new Map<string, MetricName>();
      for await (const { sample } of this.#samples(3600, fromMs, toMs)) {
        for (const [key, { dimensions, metrics }] of sample) {
          for (const metricName of metrics.keys()) {
            const name = `${metricName} ${key}`;
            if (!found.has(name)) found.set(name, { metricName, dimensions });
          }
        }
      }
      return [...found].sort(([a], [b]) => (a < b ? -1 : Number(a > b))).map(([, name]) => name);
    });
  }

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    if (this.#readerCount >= queryLimits.readersMax) {
      throw new MetricsError('busy', 'Rate exceeded');
    }
    this.#readerCount++;
    try {
      return await read();
    } finally {
      this.#readerCount--;
    }
  }
}

/** A query with the key of its dimensions, and what was found so far. */
interface Collected {
  readonly metricName: string;
  readonly key: string;
  readonly points: Map<number, Statistics> | undefined;
}

function collect(
  sample: Sample,
  atMs: number,
  period: number,
  { metricName, key, points }: Collected,
): void {
  const statistics = sample.get(key)?.metrics.get(metricName);
  if (statistics === undefined) return;
  const periodMs = period * 1000;
  const pointMs = Math.floor(atMs / periodMs) * periodMs;
  const known = points?.get(pointMs);
  points?.set(pointMs, known === undefined ? statistics : joined(known, statistics));
}

/** The maximum number of values in a range of time, one for each period of this many seconds. */
export function pointCount(period: number, fromMs: number, toMs: number): number {
  return Math.ceil((toMs - fromMs) / (period * 1000));
}

function requirePeriod(period: number, fromMs: number, toMs: number): void {
  if (!Number.isInteger(period) || period <= 0 || period % 60 !== 0) {
    throw new MetricsError('invalid-value', `Period ${period} is not a multiple of 60 seconds.`);
  }
  if (fromMs >= toMs) {
    const text = 'The parameter StartTime must be less than the parameter EndTime.';
    throw new MetricsError('invalid-value', text);
  }
  const count = pointCount(period, fromMs, toMs);
  if (count <= queryLimits.pointsMax) return;
  throw new MetricsError(
    'invalid-value',
    `The time has ${count} periods; at most ${queryLimits.pointsMax} are allowed.`,
  );
}
