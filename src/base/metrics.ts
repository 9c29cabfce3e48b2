import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What a process measures, as it goes from one process to another: plain JSON. */
export type MetricsJson = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** Names of labels and what they say. */
export type Labels = Readonly<Record<string, string>>;

/** One value of a metric, and what it is of. */
export type Measured = readonly [value: number, labels: Labels];

/** A metric whose values are taken when they are asked for. */
export interface MeasuredMetric {
  readonly name: string;
  readonly help: string;
  /** A counter only grows, a gauge goes up and down. */
  readonly type: 'counter' | 'gauge';
  readonly labelNames: readonly string[];
  readonly measure: () => Iterable<Measured>;
}

/** The metrics of one process, or of one broker. */
export class Metrics {
  readonly #registry = new Registry();

  /** @param labels on every value */
  constructor(labels: Labels) {
    this.#registry.setDefaultLabels(labels);
  }

  /** Adds a metric whose values are taken when they are asked for. */
  add({ name, help, type, labelNames, measure }: MeasuredMetric): void {
    const collect = () => {
      metric.reset();
      for (const [value, labels] of measure()) {
        if (metric instanceof Counter) metric.inc({ ...labels }, value);
        else metric.set({ ...labels }, value);
      }
    };
    const config = { name, help, labelNames, registers: [this.#registry], collect };
    const metric: Counter | Gauge = type === 'counter' ? new Counter(config) : new Gauge(config);
  }

  /**
   * Adds a metric of values counted by size.
   *
   * @param buckets upper bounds, ascending
   * @returns what counts a value
   */
  histogram(name: string, help: string, buckets: readonly number[]): (value: number) => void {
    const registers = [this.#registry];
    const histogram = new Histogram({ name, help, buckets: [...buckets], registers });
    return (value) => histogram.observe(value);
  }

  json(): Promise<MetricsJson> {
    return this.#registry.getMetricsAsJSON();
  }
}

/** The metrics of several processes together, in Prometheus' text format. */
export async function exposition(
  all: readonly MetricsJson[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = AggregatorRegistry.aggregate([...all]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
