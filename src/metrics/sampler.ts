// Turns what brokers report into samples.

import type { MetricsJson } from '../base/metrics.ts';
import {
  type BrokerValues,
  type DestinationValues,
  destinationKey,
  ValueChange,
  valuesByBroker,
} from './broker-values.ts';
import {
  activeMqMetrics,
  activeMqQueueMetrics,
  activeMqTopicMetrics,
  type Definition,
  rabbitMqMetrics,
  rabbitMqNodeMetrics,
  rabbitMqQueueMetrics,
  replicationLag,
} from './definitions.ts';
import {
  type Dimensions,
  dimensionsKey,
  groupsMax,
  type MeasuredGroup,
  type Sample,
  type Statistics,
  single,
  sorted,
} from './sample.ts';

/** Limits of samples, those of Amazon MQ. */
export const samplerLimits = {
  /** Maximum number of queues of a RabbitMQ broker with metrics: those with most consumers. */
  rabbitMqQueuesMax: 500,
  /** Maximum number of queues, and of topics, of an ActiveMQ broker with metrics. */
  activeMqQueuesMax: 1000,
  /** Maximum number of groups of metrics in a sample of all brokers. */
  groupsMax,
} as const;

/** A broker, as far as its metrics need it. */
export interface SampledBroker {
  readonly name: string;
  readonly engineType: 'ACTIVEMQ' | 'RABBITMQ';
  /** `3.13` */
  readonly engineVersion: string;
  /** The name of its node, as RabbitMQ names nodes. */
  readonly nodeName: string;
}

/** Names of queues of RabbitMQ with metrics: printable ASCII without blanks. */
const namedQueue = /^[\x21-\x7e]+$/;

/** Creates samples from the present values and those of the previous sample. */
export class Sampler {
  #before: ReadonlyMap<string, BrokerValues> = new Map();
  #beforeMs: number | undefined = undefined;

  /**
   * @param all what the brokers report
   * @param atMs monotonic milliseconds
   */
  async sample(
    all: readonly MetricsJson[],
    brokers: Iterable<SampledBroker>,
    atMs: number,
  ): Promise<Sample> {
    const now = await valuesByBroker(all);
    const seconds = this.#beforeMs === undefined ? 0 : (atMs - this.#beforeMs) / 1000;
    const groups = new Map<string, MeasuredGroup>();
    const add = (dimensions: Dimensions, metrics: readonly Definition[], change: ValueChange) => {
      const group = measured(sorted(dimensions), metrics, change);
      const isFull = groups.size >= samplerLimits.groupsMax;
      if (!isFull && group.metrics.size > 0) groups.set(dimensionsKey(group.dimensions), group);
    };
    for (const broker of brokers) {
      const found = now.get(broker.name);
      const before = this.#before.get(broker.name);
      if (found === undefined) continue;
      const change = new ValueChange(found.values, before?.values, seconds);
      if (broker.engineType === 'ACTIVEMQ') {
        addActiveMq(broker, found, before, seconds, add);
        continue;
      }
      const ofQueue = ({ vhost, name, values }: DestinationValues) => {
        const earlier = before?.queues.get(destinationKey(vhost, name));
        return new ValueChange(values, earlier?.values, seconds);
      };
      const own = ['Broker', broker.name] as const;
      add([own], rabbitMqMetrics, change);
      if (found.nodes.size === 0)
        add([own, ['Node', broker.nodeName]], rabbitMqNodeMetrics, change);
      for (const [name, values] of found.nodes) {
        const ofNode = new ValueChange(values, before?.nodes.get(name), seconds);
        add([own, ['Node', name]], rabbitMqNodeMetrics, ofNode);
      }
      for (const queue of rabbitMqQueues(broker, found)) {
        const { vhost, name } = queue;
        const dimensions = [own, ['VirtualHost', vhost], ['Queue', name]] as const;
        add(dimensions, rabbitMqQueueMetrics, ofQueue(queue));
      }
    }
    this.#before = now;
    this.#beforeMs = atMs;
    return groups;
  }
}

type Add = (dimensions: Dimensions, metrics: readonly Definition[], change: ValueChange) => void;

/** The values of the instances of a pair. The lag of its replica, which no instance measures, is with the first. */
function withLag({ nodes, values }: BrokerValues, first: string): BrokerValues['nodes'] {
  const lag = values.get(replicationLag);
  if (nodes.size === 0 || lag === undefined) return nodes;
  const ofFirst = new Map([...(nodes.get(first) ?? []), [replicationLag, lag] as const]);
  return new Map([...nodes, [first, ofFirst]]);
}

/** The broker is one instance, unless it is a pair: then its instances are named. */
function addActiveMq(
  { name }: SampledBroker,
  found: BrokerValues,
  before: BrokerValues | undefined,
  seconds: number,
  add: Add,
): void {
  const first = `${name}-1`;
  if (found.nodes.size === 0) {
    add(
      [['Broker', first]],
      activeMqMetrics,
      new ValueChange(found.values, before?.values, seconds),
    );
  }
  for (const [node, values] of withLag(found, first)) {
    const change = new ValueChange(values, before?.nodes.get(node), seconds);
    add([['Broker', node]], activeMqMetrics, change);
  }
  const kinds = [
    ['Queue', 'queues', activeMqQueueMetrics],
    ['Topic', 'topics', activeMqTopicMetrics],
  ] as const;
  for (const [dimension, kind, metrics] of kinds) {
    const some = [...found[kind].values()].slice(0, samplerLimits.activeMqQueuesMax);
    for (const { vhost, name: destination, node, values } of some) {
      const earlier = before?.[kind].get(destinationKey(vhost, destination));
      // The other instance counted for itself.
      const same = earlier?.node === node ? earlier?.values : undefined;
      const dimensions = [['Broker', node ?? first] as const, [dimension, destination] as const];
      add(dimensions, metrics, new ValueChange(values, same, seconds));
    }
  }
}

function measured(
  dimensions: Dimensions,
  definitions: readonly Definition[],
  change: ValueChange,
): MeasuredGroup {
  const metrics = new Map<string, Statistics>();
  for (const { name, of } of definitions) {
    const value = of(change);
    if (value !== undefined && Number.isFinite(value)) metrics.set(name, single(value));
  }
  return { dimensions, metrics };
}

/** The queues of a RabbitMQ broker that have metrics: for version 3, those with usual names. */
function rabbitMqQueues(
  { engineVersion }: SampledBroker,
  { queues }: BrokerValues,
): DestinationValues[] {
  if (!engineVersion.startsWith('3.')) return [];
  const consumers = ({ values }: DestinationValues) => values.get('waxwing_queue_consumers') ?? 0;
  return [...queues.values()]
    .filter(({ vhost, name }) => namedQueue.test(name) && namedQueue.test(vhost))
    .sort((a, b) => consumers(b) - consumers(a))
    .slice(0, samplerLimits.rabbitMqQueuesMax);
}
