// Advisories: messages of the broker about connections, consumers and destinations.

import type { ActiveMq } from '../../../broker/activemq/activemq.ts';
import { isQueue, isTemporary } from '../../../broker/activemq/destination.ts';
import type { SendTarget } from '../../../broker/activemq/send-target.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { textValue, type Value } from '../../../broker/conversion/value.ts';
import { noExtraKeys } from '../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../broker/format.ts';
import { Publication } from '../../../broker/publication.ts';
import { addressesOf, destinationOf } from '../address.ts';
import {
  type ConnectionInfo,
  type ConsumerInfo,
  type DataStructure,
  type Destination,
  destinationInfo,
  type Message,
  type ProducerId,
  type ProducerInfo,
  plainMessage,
  removeInfo,
  types,
} from '../codec/commands.gen.ts';
import { encodeMap } from '../codec/primitives.ts';
import { noTimeToLive, writeHead } from '../codec/stored-message.ts';
import type { OpenWireConsumer } from '../consuming/consumer.ts';
import { isTopicPattern, matchesTopic } from './topic-names.ts';

const prefix = 'ActiveMQ.Advisory.';

/** Maximum number of advisory topics whose routes are cached. */
const targetCountMax = 1024;

/** Maximum number of messages about the present state that a new consumer is sent. */
const replayedCountMax = 10_000;

/** The topic about temporary destinations of one kind. */
const temporaryTopics = {
  'temporary-queue': `${prefix}TempQueue`,
  'temporary-topic': `${prefix}TempTopic`,
} as const;

/** Consumers and producers of a destination. */
interface Counts {
  consumers: number;
  producers: number;
}

/** Sends advisories to the consumers of their topics. Without a consumer, nothing is sent. */
export class Advisories {
  readonly #dialect: ActiveMq;
  readonly #brokerId: string;
  readonly #publication = new Publication();
  readonly #targets = new Map<string, SendTarget>();
  /** By the qualified name in advisory topics, such as `Queue.orders`. */
  readonly #counts = new Map<string, Counts>();
  readonly #producerId: ProducerId;
  #sequence = 0;

  constructor(dialect: ActiveMq, brokerId: string) {
    this.#dialect = dialect;
    this.#brokerId = brokerId;
    this.#producerId = {
      type: types.ProducerId,
      connectionId: brokerId,
      value: 1,
      sessionId: -1,
    };
    dialect.temporaries.listen((address, exists) => this.#temporary(address, exists));
  }

  /** A client has connected or disconnected. */
  connection(info: ConnectionInfo, exists: boolean): void {
    const { connectionId } = info;
    const gone = removeInfo({ objectId: connectionId });
    this.#publish(`${prefix}Connection`, exists ? info : gone);
  }

  #temporary(address: Address, exists: boolean): void {
    if (!isTemporary(address)) return;
    const topic = temporaryTopics[address.kind as keyof typeof temporaryTopics]; // it is temporary
    this.#publish(topic, temporaryInfo(address, exists));
  }

  /** A consumer was added or removed. */
  consumer(info: ConsumerInfo, exists: boolean): void {
    for (const name of namesOf(info.destination)) {
      const counts = this.#count(name, 'consumers', exists);
      const data = exists ? info : removeInfo({ objectId: info.consumerId });
      this.#publish(`${prefix}Consumer.${name}`, data, [['consumerCount', counts]]);
    }
  }

  /** A producer was added or removed. */
  producer(info: ProducerInfo, exists: boolean): void {
    for (const name of namesOf(info.destination)) {
      const counts = this.#count(name, 'producers', exists);
      const data = exists ? info : removeInfo({ objectId: info.producerId });
      this.#publish(`${prefix}Producer.${name}`, data, [['producerCount', counts]]);
    }
  }

  #count(name: string, what: keyof Counts, exists: boolean): number {
    const counts = this.#counts.get(name) ?? { consumers: 0, producers: 0 };
    counts[what] += exists ? 1 : -1;
    if (counts.consumers + counts.producers > 0) this.#counts.set(name, counts);
    else this.#counts.delete(name);
    return counts[what];
  }

  /** Sends a new consumer of advisory topics the present state, in steps. */
  *replay(consumer: OpenWireConsumer, destinations: readonly Address[]): Generator<void> {
    let left = replayedCountMax;
    for (const kind of ['temporary-queue', 'temporary-topic'] as const) {
      const topic = temporaryTopics[kind];
      const isWanted = destinations.some(
        ({ kind: of, name }) => of === 'topic' && covers(name, topic),
      );
      if (!isWanted) continue;
      for (const address of this.#dialect.temporaries.all(kind)) {
        if (left-- <= 0) return;
        const message = this.#message(temporaryInfo(address, true), []);
        message.destination = { type: types.TopicDestination, physicalName: topic };
        message.targetConsumerId = consumer.id;
        message.expiration = 0;
        consumer.sendOwn(message);
        yield;
      }
    }
  }

  #publish(
    topic: string,
    data: DataStructure,
    counts: readonly (readonly [name: string, count: number])[] = [],
  ): void {
    const target = this.#targetOf(topic);
    if (target === undefined) return;
    const publication = this.#publication;
    publication.head = Buffer.alloc(0);
    publication.headStart = 0;
    publication.headEnd = 0;
    publication.format = formatNumbers.openwire;
    publication.extraRoutingKeys = noExtraKeys;
    const { broker, vhost, internal } = this.#dialect;
    target.addressTo(publication);
    const found = broker.routing.routeAtOnce(vhost, target.exchange, publication);
    if (found.queues.length === 0) return;
    publication.head = writeHead(this.#message(data, counts));
    publication.headEnd = publication.head.length;
    const route = internal.filter(found, publication);
    const { rest } = broker.publish(vhost, publication, route);
    if (rest !== undefined) broker.background.run(rest);
  }

  #targetOf(topic: string): SendTarget | undefined {
    const known = this.#targets.get(topic);
    if (known !== undefined) return known;
    // A name that is too long for a topic has no consumers.
    if (Buffer.byteLength(topic) > 255 || isTopicPattern(topic)) return undefined;
    if (this.#targets.size >= targetCountMax) this.#targets.clear();
    const target = this.#dialect.sendTarget({ kind: 'topic', name: topic });
    this.#targets.set(topic, target);
    return target;
  }

  #message(
    data: DataStructure,
    counts: readonly (readonly [name: string, count: number])[],
  ): Message {
    const { broker } = this.#dialect;
    const fields: [string, Value][] = [
      ['originBrokerId', textValue(this.#brokerId)],
      ['originBrokerName', textValue(broker.brokerName)],
      ['originBrokerURL', textValue('')],
    ];
    for (const [name, value] of counts) fields.push([name, { type: 'int', value }]);
    return plainMessage({
      producerId: this.#producerId,
      messageId: {
        type: types.MessageId,
        textView: undefined,
        producerId: this.#producerId,
        producerSequenceId: ++this.#sequence,
        brokerSequenceId: 0,
      },
      jmsType: 'Advisory',
      expiration: noTimeToLive,
      timestamp: Math.round(broker.nowMs()),
      dataStructure: data,
      marshalledProperties: encodeMap(fields),
    });
  }
}

function temporaryInfo(address: Address, exists: boolean): DataStructure {
  return destinationInfo({
    connectionId: { type: types.ConnectionId, value: connectionOf(address.name) },
    destination: destinationOf(address),
    operationType: exists ? 0 : 1,
  });
}

/** The connection of a temporary destination, by its name: `ID:host-1:1` of `ID:host-1:1:5`. */
function connectionOf(name: string): string {
  const at = name.lastIndexOf(':');
  return at < 0 ? name : name.slice(0, at);
}

/**
 * The names of destinations in advisory topics: `Queue.A` and `Topic.A`. Advisory topics themselves
 * have none. The destination was checked when its consumer or producer was added.
 */
function namesOf(destination: Destination | undefined): readonly string[] {
  if (destination === undefined) return [];
  return addressesOf(destination)
    .filter(({ name }) => !name.startsWith(prefix))
    .map((address) => `${isQueue(address) ? 'Queue' : 'Topic'}.${address.name}`);
}

/** Whether a topic name of a consumer includes a topic. */
function covers(name: string, topic: string): boolean {
  return name === topic || (isTopicPattern(name) && matchesTopic(name, topic));
}
