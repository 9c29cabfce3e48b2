// Metrics, over prom-client.

import { AggregatorRegistry, Histogram, Registry } from 'prom-client';

/** The labels of a value. */
export type Labels = Readonly<Record<string, string>>;

/** A metric with its values in the JSON form of prom-client. */
interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** The aggregation of values with the same labels. */
  readonly aggregator: 'sum';
  readonly values: readonly {
    readonly value: number;
    readonly labels: Labels;
    /** Set if it differs from the name of the metric: for buckets, sum and count of a histogram. */
    readonly metricName?: string;
  }[];
}

/** The metrics of a process in the form in which they are sent to another process. */
export type MetricsJson = MetricJson[];

/** A value of a metric with its labels. */
export type Measured = readonly [value: number, labels: Labels];

/** A metric whose values are determined when they are requested. */
export interface MeasuredMetric {
  readonly name: string;
  readonly help: string;
  /** Counters only grow; gauges can also shrink. */
  readonly type: 'counter' | 'gauge';
  readonly measure: () => Iterable<Measured>;
}

/** Number of values that are collected or formatted in one turn of the event loop. */
const valuesPerTurn = 250;

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** The metrics of one process, or of one broker. */
export class Metrics {
  readonly #labels: Labels;
  readonly #measured: MeasuredMetric[] = [];
  readonly #histograms = new Registry();

  /** @param labels labels of every value */
  constructor(labels: Labels) {
    this.#labels = labels;
    this.#histograms.setDefaultLabels(labels);
  }

  /** Adds a metric whose values are determined when they are requested. */
  add(metric: MeasuredMetric): void {
    this.#measured.push(metric);
  }

  /**
   * Adds a metric with values that were measured before; nothing without values.
   *
   * @param name without the prefix `waxwing_`, and without the suffix `_total` of counters
   */
  addValues(
    type: 'counter' | 'gauge',
    name: string,
    help: string,
    values: readonly Measured[],
  ): void {
    if (values.length === 0) return;
    const full = `waxwing_${name}${type === 'counter' ? '_total' : ''}`;
    this.add({ name: full, help, type, measure: () => values });
  }

  /**
   * Adds a histogram.
   *
   * @param buckets upper bounds, ascending
   * @returns a function that records a value
   */
  histogram(name: string, help: string, buckets: readonly number[]): (value: number) => void {
    const registers = [this.#histograms];
    const histogram = new Histogram({ name, help, buckets: [...buckets], registers });
    return (value) => histogram.observe(value);
  }

  /** Collects all values, in several turns of the event loop if necessary. */
  async json(): Promise<MetricsJson> {
    // The type declares numbers where the values are strings.
    const all = (await this.#histograms.getMetricsAsJSON()) as unknown as MetricsJson;
    let valueCount = 0;
    for (const { name, help, type, measure } of this.#measured) {
      const values: { value: number; labels: Labels }[] = [];
      for (const [value, labels] of measure()) {
        values.push({ value, labels: { ...labels, ...this.#labels } });
        if (++valueCount % valuesPerTurn === 0) await nextTurn();
      }
      all.push({ name, help, type, aggregator: 'sum', values });
    }
    return all;
  }
}

/**
 * Formats the metrics of several processes in Prometheus' text format, in several turns of the
 * event loop if necessary.
 */
export async function exposition(
  all: readonly MetricsJson[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const byName = new Map<string, MetricJson[]>();
  for (const metric of all.flat()) {
    const same = byName.get(metric.name);
    if (same === undefined) byName.set(metric.name, [metric]);
    else same.push(metric);
  }
  let text = '';
  for (const same of byName.values()) {
    const values = same.flatMap((metric) => metric.values);
    for (let from = 0; from === 0 || from < values.length; from += valuesPerTurn) {
      const some = { ...same[0], values: values.slice(from, from + valuesPerTurn) };
      const written = await AggregatorRegistry.aggregate([[some]]).metrics();
      text += from === 0 ? written : written.replaceAll(/^#.*\n/gm, '');
      await nextTurn();
    }
    text += '\n';
  }
  return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text };
}
