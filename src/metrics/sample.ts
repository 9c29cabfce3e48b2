// Samples of metrics: what was measured in one period.

import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

const deflated = promisify(deflateRaw);
const inflated = promisify(inflateRaw);

/** Maximum size of a decoded sample, bytes. */
const sampleBytesMax = 16 * 1024 * 1024;

/** Maximum number of groups in a sample. Decoding one is a turn of the event loop. */
export const groupsMax = 4000;

/** The dimensions of a metric, sorted by name. */
export type Dimensions = readonly (readonly [name: string, value: string])[];

/** The statistics of the values in a period. */
export type Statistics = readonly [count: number, sum: number, minimum: number, maximum: number];

/** The metrics with the same dimensions, by name. */
export interface MeasuredGroup {
  readonly dimensions: Dimensions;
  readonly metrics: ReadonlyMap<string, Statistics>;
}

/** All metrics of one period, by the key of their dimensions. */
export type Sample = ReadonlyMap<string, MeasuredGroup>;

/** The key of dimensions in maps. */
export function dimensionsKey(dimensions: Dimensions): string {
  return JSON.stringify(dimensions);
}

/** Sorts dimensions by name. */
export function sorted(dimensions: Dimensions): Dimensions {
  return dimensions.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
}

/** The statistics of one value. */
export function single(value: number): Statistics {
  return [1, value, value, value];
}

/** The statistics of the values of two periods. */
export function joined(a: Statistics, b: Statistics): Statistics {
  return [a[0] + b[0], a[1] + b[1], Math.min(a[2], b[2]), Math.max(a[3], b[3])];
}

/** Joins samples of several periods to one of the whole time, one after the other. */
export class SampleJoin {
  readonly #groups = new Map<
    string,
    { dimensions: Dimensions; metrics: Map<string, Statistics> }
  >();

  readonly #countMax: number;

  /** @param countMax maximum number of groups; further ones are left out */
  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  /** The groups that were added so far. */
  get sample(): Sample {
    return this.#groups;
  }

  add(sample: Sample): void {
    for (const [key, { dimensions, metrics }] of sample) {
      const known = this.#groups.get(key) ?? { dimensions, metrics: new Map<string, Statistics>() };
      if (this.#groups.size >= this.#countMax && !this.#groups.has(key)) continue;
      this.#groups.set(key, known);
      for (const [name, statistics] of metrics) {
        const before = known.metrics.get(name);
        known.metrics.set(name, before === undefined ? statistics : joined(before, statistics));
      }
    }
  }
}

/** Encodes a sample. A metric with one value is that number. */
export function encodeSample(sample: Sample): Promise<Buffer> {
  const groups = [...sample.values()].map(({ dimensions, metrics }) => [
    dimensions,
    Object.fromEntries(
      [...metrics].map(([name, statistics]) => [
        name,
        statistics[0] === 1 ? statistics[1] : statistics,
      ]),
    ),
  ]);
  return deflated(JSON.stringify(groups), { level: 6 });
}

/** Decodes what {@link encodeSample} wrote. */
export async function decodeSample(bytes: Buffer): Promise<Sample> {
  const text = (await inflated(bytes, { maxOutputLength: sampleBytesMax })).toString('utf8');
  // As it was written by encodeSample(), and sealed since.
  const groups = JSON.parse(text) as [Dimensions, Record<string, number | Statistics>][];
  return new Map(
    groups.map(([dimensions, metrics]) => [
      dimensionsKey(dimensions),
      {
        dimensions,
        metrics: new Map(
          Object.entries(metrics).map(([name, value]) => [
            name,
            typeof value === 'number' ? single(value) : value,
          ]),
        ),
      },
    ]),
  );
}
