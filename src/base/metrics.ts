// Metrics in the Prometheus format.

import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of a process as plain JSON, for other processes. */
export type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** The labels of a value. */
export type Labels = Readonly<Record<string, string>>;

/** A value of a metric with its labels. */
export type Measured = readonly [value: number, labels: Labels];

/** A metric whose values are determined when they are requested. */
export interface MeasuredMetric {
  readonly name: string;
  readonly help: string;
  /** Counters only grow; gauges can also shrink. */
  readonly type: 'counter' | 'gauge';
  readonly labelNames: readonly string[];
  readonly measure: () => Iterable<Measured>;
}

/** The approximate number of values that are collected in one turn of the event loop. */
const valuesPerTurn = 500;

/** The metrics of one process, or of one broker. */
export class Metrics {
  readonly #labels: Labels;
  /**
   * One registry per metric, so that the values can be collected in several turns of the event
   * loop.
   */
  readonly #registries: Registry[] = [];

  /** @param labels labels of every value */
  constructor(labels: Labels) {
    this.#labels = labels;
  }

  #newRegistry(): Registry {
    const registry = new Registry();
    registry.setDefaultLabels(this.#labels);
    this.#registries.push(registry);
    return registry;
  }

  /** Adds a metric whose values are determined when they are requested. */
  add({ name, help, type, labelNames, measure }: MeasuredMetric): void {
    const collect = () => {
      metric.reset();
      for (const [value, labels] of measure()) {
        if (metric instanceof Counter) metric.inc({ ...labels }, value);
        else metric.set({ ...labels }, value);
      }
    };
    const config = { name, help, labelNames, registers: [this.#newRegistry()], collect };
    const metric: Counter | Gauge = type === 'counter' ? new Counter(config) : new Gauge(config);
  }

  /**
   * Adds a histogram.
   *
   * @param buckets upper bounds, ascending
   * @returns a function that records a value
   */
  histogram(name: string, help: string, buckets: readonly number[]): (value: number) => void {
    const registers = [this.#newRegistry()];
    const histogram = new Histogram({ name, help, buckets: [...buckets], registers });
    return (value) => histogram.observe(value);
  }

  async json(): Promise<MetricsJson> {
    const all: MetricsJson = [];
    let valueCount = 0;
    for (const registry of this.#registries) {
      const metrics = await registry.getMetricsAsJSON();
      for (const { values } of metrics) valueCount += values.length;
      all.push(...metrics);
      if (valueCount < valuesPerTurn) continue;
      valueCount = 0;
      await new Promise(setImmediate);
    }
    return all;
  }
}

/** Formats the metrics of several processes as Prometheus text. */
export async function exposition(
  all: readonly MetricsJson[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = AggregatorRegistry.aggregate([...all]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
