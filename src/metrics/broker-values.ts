// The values that brokers and queues report, by the names of Prometheus.

import type { Labels, MetricsJson } from '../base/metrics.ts';

/** Values by name. Those of histograms have the suffixes `_sum` and `_count`. */
export type Values = ReadonlyMap<string, number>;

/** A queue, or a topic of an ActiveMQ broker, with its values. */
export interface DestinationValues {
  readonly vhost: string;
  readonly name: string;
  /** The instance of a pair that counts them. */
  readonly node: string | undefined;
  readonly values: Values;
}

/** A broker with its values. */
export interface BrokerValues {
  /** Of the whole broker: those of nodes are added up. */
  readonly values: Values;
  /** By the names of nodes; empty unless the broker is a cluster or a pair. */
  readonly nodes: ReadonlyMap<string, Values>;
  /** By virtual host and name. */
  readonly queues: ReadonlyMap<string, DestinationValues>;
  /** The same of topics. */
  readonly topics: ReadonlyMap<string, DestinationValues>;
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/**
 * Sorts reported values by broker and queue. Values with other labels are left out. The values of each
 * process are a turn of the event loop.
 */
export async function valuesByBroker(
  all: readonly MetricsJson[],
): Promise<ReadonlyMap<string, BrokerValues>> {
  const brokers = new Map<string, CollectedBroker>();
  for (const metrics of all) {
    collect(metrics, brokers);
    await nextTurn();
  }
  return brokers;
}

interface CollectedBroker {
  readonly values: Map<string, number>;
  readonly nodes: Map<string, Map<string, number>>;
  readonly queues: Map<string, Collected>;
  readonly topics: Map<string, Collected>;
}

function collect(metrics: MetricsJson, brokers: Map<string, CollectedBroker>): void {
  for (const { name, values } of metrics) {
    for (const { value, labels, metricName = name } of values) {
      const { broker } = labels;
      if (broker === undefined || labels['le'] !== undefined) continue;
      const known = brokers.get(broker) ?? {
        values: new Map(),
        nodes: new Map(),
        queues: new Map(),
        topics: new Map(),
      };
      brokers.set(broker, known);
      const found = destinationOf(known, labels);
      if (found === undefined) addToBroker(known, metricName, value, labels['node']);
      else found.values.set(metricName, value);
    }
  }
}

/** The queue or topic of a value; undefined if it is one of the broker. */
function destinationOf(
  { queues, topics }: CollectedBroker,
  { vhost, queue, topic, node }: Labels,
): Collected | undefined {
  const name = queue ?? topic;
  if (name === undefined || vhost === undefined) return undefined;
  const of = queue === undefined ? topics : queues;
  const key = destinationKey(vhost, name);
  const found = of.get(key) ?? { vhost, name, node, values: new Map() };
  of.set(key, found);
  return found;
}

/** The key of a queue or topic of a broker. */
export function destinationKey(vhost: string, name: string): string {
  return JSON.stringify([vhost, name]);
}

/** Counters by reason, and the values of nodes, are added up. */
function addToBroker(
  { values, nodes }: CollectedBroker,
  name: string,
  value: number,
  node: string | undefined,
): void {
  values.set(name, (values.get(name) ?? 0) + value);
  if (node === undefined) return;
  const ofNode = nodes.get(node) ?? new Map<string, number>();
  nodes.set(node, ofNode.set(name, value));
}

interface Collected extends DestinationValues {
  readonly values: Map<string, number>;
}

/** The values of the present and of the sample before it. */
export class ValueChange {
  readonly #now: Values;
  readonly #before: Values | undefined;
  readonly #seconds: number;

  /**
   * @param before undefined if there is no earlier sample
   * @param seconds the time between both
   */
  constructor(now: Values, before: Values | undefined, seconds: number) {
    this.#now = now;
    this.#before = before;
    this.#seconds = seconds;
  }

  /** The present value. */
  value(name: string): number | undefined {
    return this.#now.get(name);
  }

  /** How much a counter grew since the sample before; undefined if that is unknown. */
  growth(name: string): number | undefined {
    const now = this.#now.get(name);
    const before = this.#before?.get(name);
    if (now === undefined || before === undefined) return undefined;
    // A counter begins again with its process.
    return now >= before ? now - before : now;
  }

  /** How much a counter grew per second. */
  rate(name: string): number | undefined {
    const growth = this.growth(name);
    return growth === undefined || this.#seconds <= 0 ? undefined : growth / this.#seconds;
  }
}
