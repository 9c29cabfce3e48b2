// The destinations that answer with statistics.

import type { Broker } from '../../broker.ts';
import type { ClientConnection } from '../../client-connection.ts';
import { type Address, emptyProperties } from '../../conversion/properties.ts';
import { type Field, textValue, type Value } from '../../conversion/value.ts';
import { BrokerError } from '../../errors.ts';
import { activemqAlphabet, parsePattern, splitKey } from '../../patterns/alphabet.ts';
import { PatternTree } from '../../patterns/pattern-tree.ts';
import type { Queue } from '../../queue.ts';
import { takeStatistics } from '../../statistics.ts';
import type { Vhost } from '../../vhost.ts';
import type { Consumption } from '../consumption.ts';
import { queueAddress } from '../core-names.ts';
import { isQueue, isTemporary, isWildcard, qualifiedName } from '../destination.ts';
import {
  headerOf,
  type Service,
  type ServiceHost,
  type ServiceRequest,
} from './service-request.ts';

const namePrefix = 'ActiveMQ.Statistics.';
const destinationPrefix = 'Destination.';
/** In the name or the headers of a request: an empty reply follows the last one. */
const endMarker = 'ActiveMQ.Statistics.Destination.List.End.With.Null';
const endMarkerInName = 'List.End.With.Null';

/** Maximum number of replies to one request. */
export const replyCountMax = 1000;
/** Maximum number of requests that are performed at the same time. */
const requestCountMax = 16;
/** Permissions that let a user know that a queue exists. */
const actions = ['read', 'write', 'remove'] as const;
/** Number of queue names that are compared in one step. */
const namesPerStep = 64;

/** The operations of the broker that are needed here. */
export interface StatisticsHost extends ServiceHost {
  readonly broker: Broker;
  readonly consumptions: Iterable<Consumption>;
  readonly vhost: Vhost;
  readonly settings: { readonly hasStatistics: boolean };
}

const long = (value: number): Value => ({ type: 'long', value: BigInt(Math.round(value)) });
const int = (value: number): Value => ({ type: 'int', value: Math.round(value) });
const flag = (value: boolean): Value => ({ type: 'boolean', value });
const nothing: Value = { type: 'null', value: null };
const double = (value: number): Value => ({ type: 'double', value });

/** Answers with the statistics of the broker, of queues, and of consumers, as maps. */
export class StatisticsService implements Service {
  readonly #host: StatisticsHost;
  #requestCount = 0;

  constructor(host: StatisticsHost) {
    this.#host = host;
  }

  owns({ name }: Address): boolean {
    return this.#host.settings.hasStatistics && name.startsWith(namePrefix);
  }

  /** @throws {BrokerError} `resource-error` if there are too many requests */
  take(request: ServiceRequest): void {
    if (request.properties.replyTo === undefined) return;
    if (this.#requestCount >= requestCountMax) {
      const why = `more than ${requestCountMax} requests for statistics at the same time`;
      throw new BrokerError('resource-error', why);
    }
    const what = request.address.name.slice(namePrefix.length);
    this.#requestCount++;
    const done = () => {
      this.#requestCount--;
      this.#host.broker.pump();
    };
    const { background } = this.#host.broker;
    if (what.startsWith('Broker')) this.#answerBroker(request, done);
    else if (what.startsWith('Subscription')) background.run(this.#subscriptions(request), done);
    else if (what.startsWith(destinationPrefix)) {
      const name = what.slice(destinationPrefix.length);
      background.run(this.#destinations(request, name), done);
    } else done();
  }

  #answer(request: ServiceRequest, fields: readonly Field[]): void {
    const body = { kind: 'value', value: { type: 'map', value: fields } } as const;
    const { correlationId } = request.properties;
    this.#host.reply(request, { ...emptyProperties, correlationId, body });
  }

  #own(): Field[] {
    const { brokerName } = this.#host.broker;
    return [
      ['brokerName', textValue(brokerName)],
      ['brokerId', textValue(brokerName)],
    ];
  }

  #answerBroker(request: ServiceRequest, done: () => void): void {
    const { broker } = this.#host;
    const answered = (fields: readonly Field[]) => {
      this.#answer(request, fields);
      done();
    };
    takeStatistics(broker).then(
      (found) => {
        const { counters, readyCount, unsettledCount, consumerCount, readyBytes } = found;
        const { memoryBytesMax } = broker.limits;
        const size = readyCount + unsettledCount;
        answered([
          ...this.#own(),
          ['dataDirectory', textValue('')],
          ['size', long(size)],
          ['enqueueCount', long(counters.published)],
          ['dequeueCount', long(counters.settled)],
          ['dispatchCount', long(counters.delivered)],
          ['expiredCount', long(0)],
          ['inflightCount', long(unsettledCount)],
          ['messagesCached', long(0)],
          ['consumerCount', long(consumerCount)],
          ['producerCount', long(broker.flow.publisherCount)],
          ...usage('memory', found.memoryBytes, memoryBytesMax),
          ...usage('store', readyBytes, Infinity),
          ...usage('temp', 0, Infinity),
          ...times(size === 0 ? 0 : readyBytes / size),
          ['vm', textValue(`vm://${broker.brokerName}`)],
        ]);
      },
      () => done(),
    );
  }

  *#destinations(request: ServiceRequest, text: string): Generator<void> {
    const isEndInName = text.includes(endMarkerInName);
    const name = text.replace(`.${endMarkerInName}`, '').replace(endMarkerInName, '');
    const hasEnd = isEndInName || headerOf(request, endMarker) !== undefined;
    const address: Address = { kind: request.address.kind, name };
    let count = 0;
    if (isQueue(address)) {
      for (const queue of this.#matching(address)) {
        if (queue !== undefined && count < replyCountMax && this.#mayKnow(request, queue)) {
          this.#answer(request, this.#fieldsOf(queue));
          count++;
        }
        yield;
      }
    }
    if (hasEnd) this.#answer(request, []);
  }

  /** Whether the sender of a request has any permission on a queue. */
  #mayKnow(request: ServiceRequest, queue: Queue): boolean {
    const address = queueAddress(queue.name);
    return actions.some((action) => this.#host.permits(request, action, address));
  }

  /** The queues with a name; undefined for a step without one. */
  *#matching(address: Address): Generator<Queue | undefined> {
    const { queues } = this.#host.vhost;
    if (!isWildcard(address)) {
      yield queues.get(address.name);
      return;
    }
    const tree = new PatternTree<true>();
    tree.add(parsePattern(activemqAlphabet, address.name), true);
    let count = 0;
    for (const queue of queues.values()) {
      const key = splitKey(activemqAlphabet, queue.name);
      if (!queue.name.startsWith('amq.') && tree.matchesAny(key)) yield queue;
      if (++count % namesPerStep === 0) yield undefined;
    }
  }

  #fieldsOf(queue: Queue): Field[] {
    const { broker } = this.#host;
    const { readyCount, readyBytes, consumerCount } = queue;
    const unsettledCount = queue.index.count - readyCount - (queue.disposal?.count ?? 0);
    return [
      ...this.#own(),
      ['destinationName', textValue(qualifiedName(queueAddress(queue.name)))],
      ['size', long(readyCount + unsettledCount)],
      ['enqueueCount', long(queue.publishedCount)],
      ['dequeueCount', long(queue.settledCount)],
      ['dispatchCount', long(queue.deliveredCount)],
      ['expiredCount', long(0)],
      ['inflightCount', long(unsettledCount)],
      ['messagesCached', long(0)],
      ['consumerCount', long(consumerCount)],
      ['producerCount', long(0)],
      ...usage('memory', readyBytes, broker.limits.memoryBytesMax),
      ...times(readyCount === 0 ? 0 : readyBytes / readyCount),
    ];
  }

  *#subscriptions(request: ServiceRequest): Generator<void> {
    let count = 0;
    for (const consumption of this.#host.consumptions) {
      yield;
      const { destinations } = consumption.request;
      if (destinations.every(isTemporary)) continue;
      if (!destinations.every((address) => this.#host.permits(request, 'read', address))) continue;
      if (++count > replyCountMax) return;
      this.#answer(request, this.#fieldsOfConsumption(consumption));
    }
  }

  #fieldsOfConsumption({ request, sources }: Consumption): Field[] {
    const { destinations, selector, prefetch, key, pendingCountMax } = request;
    const { isExclusive, isRetroactive } = request;
    let unsettledCount = 0;
    let settledCount = 0;
    for (const { subscription } of sources) {
      unsettledCount += subscription.unsettledCount;
      settledCount += subscription.settledCount;
    }
    const owner = request.owner as ClientConnection; // if it is one of the connections
    const connection = this.#host.broker.clientConnections.has(owner) ? owner : undefined;
    return [
      ...this.#own(),
      ['destinationName', textValue(destinations.map(({ name }) => name).join(','))],
      ['clientId', textValue(key?.clientId ?? connection?.clientId ?? '')],
      ['selector', selector === undefined ? nothing : textValue(selector.text)],
      ['enqueueCounter', long(unsettledCount + settledCount)],
      ['dequeueCounter', long(settledCount)],
      ['dispatchedCounter', long(unsettledCount + settledCount)],
      ['dispatchedQueueSize', long(unsettledCount)],
      ['prefetchSize', int(Math.min(prefetch, 2 ** 31 - 1))],
      ['maximumPendingMessageLimit', int(pendingCountMax ?? 0)],
      ['exclusive', flag(isExclusive)],
      ['retroactive', flag(isRetroactive === true)],
    ];
  }
}

function usage(what: string, used: number, limit: number): Field[] {
  const isLimited = Number.isFinite(limit) && limit > 0;
  return [
    [`${what}Usage`, long(used)],
    [`${what}Limit`, long(isLimited ? limit : 0)],
    [`${what}PercentUsage`, int(isLimited ? (100 * used) / limit : 0)],
  ];
}

function times(averageBytes: number): Field[] {
  return [
    ['averageEnqueueTime', double(0)],
    ['maxEnqueueTime', double(0)],
    ['minEnqueueTime', double(0)],
    ['averageMessageSize', long(Math.floor(averageBytes))],
  ];
}
