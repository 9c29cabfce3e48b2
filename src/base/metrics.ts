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

/** Values that are taken in one turn of the event loop, but for those of one metric. */
const valuesPerTurn = 500;

/** The metrics of one process, or of one broker. */
export class Metrics {
  readonly #labels: Labels;
  /** One for each metric, so that their values can be taken in several turns of the event loop. */
  readonly #registries: Registry[] = [];

  /** @param labels on every value */
  constructor(labels: Labels) {
    this.#labels = labels;
  }

  #newRegistry(): Registry {
    const registry = new Registry();
    registry.setDefaultLabels(this.#labels);
    this.#registries.push(registry);
    return registry;
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
    const config = { name, help, labelNames, registers: [this.#newRegistry()], collect };
    const metric: Counter | Gauge = type === 'counter' ? new Counter(config) : new Gauge(config);
  }

  /**
   * Adds a metric of values counted by size.
   *
   * @param buckets upper bounds, ascending
   * @returns what counts a value
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

/** The metrics of several processes together, in Prometheus' text format. */
export async function exposition(
  all: readonly MetricsJson[],
): Promise<{ readonly contentType: string; readonly text: string }> {
  const registry = AggregatorRegistry.aggregate([...all]);
  return { contentType: registry.contentType, text: await registry.metrics() };
}
