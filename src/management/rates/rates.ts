// Rates and histories. Values are only sampled while somebody asks for them.

import type { Clock, Timer } from '../../base/clock.ts';
import type { Broker } from '../../broker/broker.ts';
import type { ClientConnection } from '../../broker/client-connection.ts';
import type { Queue } from '../../broker/queue.ts';
import { unsettledCount } from '../../broker/statistics.ts';
import type { Vhost } from '../../broker/vhost.ts';
import { itemsPerStep } from '../slices.ts';
import { SampleTimes, Series, sampleIntervalMs } from './series.ts';

/** Milliseconds after the last request until sampling stops. */
const idleMs = 150_000;

/** Number of samples of the broker and of watched queues (ten minutes), and of other objects. */
const longCapacity = 121;
const shortCapacity = 14;

/** Maximum number of queues, and of connections, with rates. Others have rates of 0. */
const sampledCountMax = 20_000;

/** Maximum number of queues with a long history: those that were asked for individually. */
const watchedCountMax = 200;

/** The values of a queue in a sample; the first three are gauges. */
export const queueValues = ['ready', 'unacked', 'messages', 'publish', 'deliver', 'ack'] as const;

/** The values of a virtual host or of the broker in a sample. */
export const totalValues = [
  ...queueValues,
  'confirm',
  'returned',
  'refused',
  'received',
  'sent',
] as const;

/** The values of a connection in a sample. */
export const connectionValues = ['received', 'sent'] as const;

/** Bytes of some connections. */
interface Octets {
  received: number;
  sent: number;
}

/** The sums over some queues. */
export class QueueTotals {
  ready = 0;
  unacked = 0;
  publish = 0;
  deliver = 0;
  ack = 0;
  consumers = 0;
  queues = 0;

  get messages(): number {
    return this.ready + this.unacked;
  }

  /** Adds a queue. */
  add(queue: Queue): void {
    this.queues++;
    this.ready += queue.readyCount;
    this.unacked += unsettledCount(queue);
    this.publish += queue.publishedCount;
    this.deliver += queue.deliveredCount;
    this.ack += queue.settledCount;
    this.consumers += queue.consumerCount;
  }
}

/** Samples values every five seconds while somebody asks for rates. */
export class Rates {
  readonly #broker: Broker;
  readonly #clock: Clock;
  #times = new SampleTimes(longCapacity);
  #total: Series;
  #vhosts = new WeakMap<Vhost, Series>();
  #queues = new WeakMap<Queue, Series>();
  #connections = new WeakMap<ClientConnection, Series>();
  /** Queues with a long history; the least recently asked one first. */
  readonly #watched = new Set<Queue>();
  #timer: Timer | undefined = undefined;
  #askedAtMs = 0;
  #isSampling = false;

  constructor(broker: Broker, clock: Clock) {
    this.#broker = broker;
    this.#clock = clock;
    this.#total = this.#newTotal();
  }

  /** Whether queues of this broker delay returned messages. */
  get delaysReturned(): boolean {
    return this.#broker.personality.delaysReturned;
  }

  #newTotal(): Series {
    return new Series(this.#times, totalValues.length, longCapacity);
  }

  /** Somebody asks for rates: samples are taken for the next minutes. */
  ask(): void {
    this.#askedAtMs = this.#clock.monotonicMs();
    if (this.#timer !== undefined) return;
    this.#timer = this.#clock.setInterval(() => this.#tick(), sampleIntervalMs).unref();
    this.#sample();
  }

  /** Stops sampling, and forgets all values. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#times = new SampleTimes(longCapacity);
    this.#total = this.#newTotal();
    this.#vhosts = new WeakMap();
    this.#queues = new WeakMap();
    this.#connections = new WeakMap();
    this.#watched.clear();
  }

  /** The values of the whole broker; see {@link totalValues}. */
  get total(): Series {
    return this.#total;
  }

  /** The values of a virtual host; undefined before its first sample. */
  ofVhost(vhost: Vhost): Series | undefined {
    return this.#vhosts.get(vhost);
  }

  /** The values of a queue; undefined before its first sample. */
  ofQueue(queue: Queue): Series | undefined {
    return this.#queues.get(queue);
  }

  /** Like {@link ofQueue}. From now on, the queue has a long history. */
  watchQueue(queue: Queue): Series | undefined {
    const series = this.#queues.get(queue);
    if (series === undefined) return undefined;
    this.#watched.delete(queue);
    this.#watched.add(queue);
    const [oldest] = this.#watched;
    if (this.#watched.size > watchedCountMax && oldest !== undefined) this.#watched.delete(oldest);
    if (series.capacity === longCapacity) return series;
    const grown = series.grown(longCapacity);
    this.#queues.set(queue, grown);
    return grown;
  }

  /** The values of a connection; undefined before its first sample. */
  ofConnection(connection: ClientConnection): Series | undefined {
    return this.#connections.get(connection);
  }

  #tick(): void {
    if (this.#clock.monotonicMs() - this.#askedAtMs > idleMs) this.stop();
    else if (!this.#isSampling) this.#sample();
  }

  #sample(): void {
    this.#isSampling = true;
    this.#times.add(this.#clock.nowMs());
    this.#broker.background.run(this.#steps(this.#times), () => {
      this.#isSampling = false;
    });
  }

  *#steps(times: SampleTimes): Generator<void> {
    const all = new QueueTotals();
    for (const vhost of this.#broker.vhosts.values()) {
      const own = yield* this.#sampleQueues(vhost, all, times);
      if (times !== this.#times) return; // it was stopped
      setTotals(this.#seriesOf(this.#vhosts, vhost, totalValues.length), own);
    }
    const octets = yield* this.#sampleConnections();
    if (times !== this.#times) return;
    for (const [name, own] of octets.byVhost) {
      const vhost = this.#broker.vhosts.get(name);
      const series = vhost === undefined ? undefined : this.#vhosts.get(vhost);
      if (series !== undefined) setOctets(series, own);
    }
    setTotals(this.#total, all);
    setOctets(this.#total, octets.sum);
    const { counters } = this.#broker;
    const set = (name: (typeof totalValues)[number], value: number) =>
      this.#total.set(totalValues.indexOf(name), value);
    set('publish', counters.published);
    set('deliver', counters.delivered + all.deliver);
    set('ack', counters.settled + all.ack);
    set('confirm', counters.confirmed);
    set('returned', counters.unrouted);
    set('refused', counters.refused);
  }

  /** Samples the queues of a virtual host, and adds them to the sums of all. */
  *#sampleQueues(vhost: Vhost, all: QueueTotals, times: SampleTimes): Generator<void, QueueTotals> {
    const own = new QueueTotals();
    for (const queue of vhost.queues.values()) {
      if (times !== this.#times) break;
      own.add(queue);
      all.add(queue);
      if (all.queues <= sampledCountMax) this.#sampleQueue(queue);
      if (all.queues % itemsPerStep === 0) yield;
    }
    yield;
    return own;
  }

  *#sampleConnections(): Generator<void, { sum: Octets; byVhost: Map<string, Octets> }> {
    const sum = { received: 0, sent: 0 };
    const byVhost = new Map<string, Octets>();
    let itemCount = 0;
    for (const connection of this.#broker.clientConnections) {
      const { receivedBytes = 0, sentBytes = 0 } = connection.inspector?.info() ?? {};
      const { vhost } = connection.access;
      const own = byVhost.get(vhost) ?? { received: 0, sent: 0 };
      byVhost.set(vhost, own);
      for (const each of [sum, own]) {
        each.received += receivedBytes;
        each.sent += sentBytes;
      }
      if (++itemCount <= sampledCountMax) {
        const series = this.#seriesOf(this.#connections, connection, connectionValues.length);
        series.set(0, receivedBytes);
        series.set(1, sentBytes);
      }
      if (itemCount % itemsPerStep === 0) yield;
    }
    return { sum, byVhost };
  }

  #sampleQueue(queue: Queue): void {
    const series = this.#seriesOf(this.#queues, queue, queueValues.length);
    const ready = queue.readyCount;
    const unacked = unsettledCount(queue);
    series.set(0, ready);
    series.set(1, unacked);
    series.set(2, ready + unacked);
    series.set(3, queue.publishedCount);
    series.set(4, queue.deliveredCount);
    series.set(5, queue.settledCount);
  }

  #seriesOf<Subject extends object>(
    all: WeakMap<Subject, Series>,
    subject: Subject,
    width: number,
  ): Series {
    const known = all.get(subject);
    if (known !== undefined) return known;
    const series = new Series(this.#times, width, shortCapacity);
    all.set(subject, series);
    return series;
  }
}

function setOctets(series: Series, { received, sent }: Octets): void {
  series.set(totalValues.indexOf('received'), received);
  series.set(totalValues.indexOf('sent'), sent);
}

function setTotals(series: Series, totals: QueueTotals): void {
  for (const [index, name] of queueValues.entries()) series.set(index, totals[name]);
}
