// Advisories: messages of the broker about connections, consumers and destinations.

import type { ActiveMq } from '../../../broker/activemq/activemq.ts';
import { advisoryPrefix } from '../../../broker/activemq/advisories/advisory-sink.ts';
import { isQueue, isTemporary } from '../../../broker/activemq/destination.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import type { Field } from '../../../broker/conversion/value.ts';
import { addressesOf, destinationOf } from '../address.ts';
import {
  type ConnectionInfo,
  type ConsumerInfo,
  type DataStructure,
  type Destination,
  destinationInfo,
  type ProducerInfo,
  removeInfo,
  types,
} from '../codec/commands.gen.ts';
import type { OpenWireConsumer } from '../consuming/consumer.ts';
import { idText } from '../ids.ts';
import { keptInfo } from '../kept-info.ts';
import { AdvisoryWriter } from './advisory-writer.ts';
import { EventAdvisories } from './event-advisories.ts';
import { isTopicPattern, matchesTopic } from './topic-names.ts';

/** Maximum number of messages about the present state that a new consumer is sent. */
const replayedCountMax = 10_000;

/** Number of names that are compared in one step. */
const examinedPerStep = 16;

/** The topics about temporary destinations. */
const temporaryTopics = {
  'temporary-queue': 'TempQueue',
  'temporary-topic': 'TempTopic',
} as const;

/** Consumers and producers of a destination. */
interface Users {
  /** By their ids, without what can be large. */
  readonly consumers: Map<string, ConsumerInfo>;
  readonly producers: Map<string, ProducerInfo>;
}

/** One advisory about the present state. */
interface Present {
  readonly topic: string;
  readonly data: DataStructure;
  readonly fields: readonly Field[];
}

/** Sends advisories to the consumers of their topics. Without a consumer, nothing is sent. */
export class Advisories {
  readonly #dialect: ActiveMq;
  readonly #writer: AdvisoryWriter;
  readonly #events: EventAdvisories;
  readonly #connections = new Set<ConnectionInfo>();
  /** By the qualified name in advisory topics, such as `Queue.orders`. */
  readonly #users = new Map<string, Users>();

  constructor(dialect: ActiveMq, brokerId: string) {
    this.#dialect = dialect;
    this.#writer = new AdvisoryWriter(dialect, brokerId);
    this.#events = new EventAdvisories(dialect, this.#writer, brokerId);
    dialect.advising.hasProducers = (address) => this.#hasProducers(address);
    if (!this.#writer.isOn) return;
    dialect.temporaries.listen((address, exists) => this.#temporary(address, exists));
    dialect.advising.sink = this.#events;
    this.#events.master();
  }

  /** A client has reached the broker at an address, such as `192.0.2.1:61617`. */
  reachedAt(localAddress: string): void {
    this.#writer.url = `ssl://${localAddress}`;
  }

  /** A client has connected or disconnected. */
  connection(info: ConnectionInfo, exists: boolean): void {
    if (exists) this.#connections.add(info);
    else this.#connections.delete(info);
    const gone = removeInfo({ objectId: info.connectionId });
    this.#send('Connection', exists ? info : gone);
  }

  #temporary(address: Address, exists: boolean): void {
    if (!isTemporary(address)) return;
    const topic = temporaryTopics[address.kind as keyof typeof temporaryTopics]; // it is temporary
    this.#send(topic, temporaryInfo(address, exists));
  }

  /** A consumer was added or removed. */
  consumer(info: ConsumerInfo, exists: boolean): void {
    for (const name of namesOf(info.destination)) {
      const { consumers } = this.#usersOf(name);
      const key = info.consumerId === undefined ? '' : idText(info.consumerId);
      if (exists) consumers.set(key, keptInfo(info));
      else consumers.delete(key);
      this.#forgetUnused(name);
      const data = exists ? info : removeInfo({ objectId: info.consumerId });
      this.#send(`Consumer.${name}`, data, countOf('consumerCount', consumers));
    }
  }

  /** A producer was added or removed. */
  producer(info: ProducerInfo, exists: boolean): void {
    for (const name of namesOf(info.destination)) {
      const { producers } = this.#usersOf(name);
      const key = info.producerId === undefined ? '' : idText(info.producerId);
      if (exists) producers.set(key, keptInfo(info));
      else producers.delete(key);
      this.#forgetUnused(name);
      const data = exists ? info : removeInfo({ objectId: info.producerId });
      this.#send(`Producer.${name}`, data, countOf('producerCount', producers));
    }
  }

  #hasProducers(address: Address): boolean {
    return (this.#users.get(nameOf(address))?.producers.size ?? 0) > 0;
  }

  #usersOf(name: string): Users {
    const found = this.#users.get(name) ?? { consumers: new Map(), producers: new Map() };
    this.#users.set(name, found);
    return found;
  }

  #forgetUnused(name: string): void {
    const users = this.#users.get(name);
    if (users !== undefined && users.consumers.size + users.producers.size === 0) {
      this.#users.delete(name);
    }
  }

  #send(topic: string, data: DataStructure, fields: readonly Field[] = []): void {
    this.#writer.sendNow(topic, () => this.#writer.message(data, fields));
  }

  /** Sends a new consumer of advisory topics the present state, in steps. */
  *replay(consumer: OpenWireConsumer, destinations: readonly Address[]): Generator<void> {
    if (!this.#writer.isOn) return;
    // As with ActiveMQ, a consumer of all topics is not told of the present state.
    const wanted = destinations.flatMap(({ kind, name }) =>
      kind === 'topic' && name.startsWith(advisoryPrefix) ? [name] : [],
    );
    if (wanted.length === 0) return;
    const isWanted = (topic: string) => wanted.some((name) => covers(name, advisoryPrefix + topic));
    let left = replayedCountMax;
    for (const present of this.#present(isWanted)) {
      if (present === undefined) {
        yield;
        continue;
      }
      if (left-- <= 0) return;
      const { topic, data, fields } = present;
      const message = this.#writer.message(data, fields);
      const physicalName = advisoryPrefix + topic;
      message.destination = { type: types.TopicDestination, physicalName };
      message.targetConsumerId = consumer.id;
      message.expiration = 0;
      consumer.sendOwn(message);
      yield;
    }
  }

  /** The present state; undefined for steps in which nothing that is wanted was found. */
  *#present(isWanted: (topic: string) => boolean): Generator<Present | undefined> {
    if (isWanted('Connection')) {
      for (const info of this.#connections) yield about('Connection', info);
    }
    for (const kind of ['temporary-queue', 'temporary-topic'] as const) {
      const topic = temporaryTopics[kind];
      if (!isWanted(topic)) continue;
      for (const address of this.#dialect.temporaries.all(kind)) {
        yield about(topic, temporaryInfo(address, true));
      }
    }
    yield* this.#presentDestinations(isWanted);
    yield* this.#presentUsers(isWanted);
  }

  *#presentDestinations(isWanted: (topic: string) => boolean): Generator<Present | undefined> {
    const { vhost, advising } = this.#dialect;
    const infoOf = (address: Address) => this.#events.destinationInfo(address, true);
    if (isWanted('Queue')) {
      let count = 0;
      for (const name of vhost.queues.keys()) {
        if (!name.startsWith('amq.')) yield about('Queue', infoOf({ kind: 'queue', name }));
        else if (++count % examinedPerStep === 0) yield undefined;
      }
    }
    if (isWanted('Topic')) {
      for (const name of advising.topics.keys())
        yield about('Topic', infoOf({ kind: 'topic', name }));
    }
  }

  *#presentUsers(isWanted: (topic: string) => boolean): Generator<Present | undefined> {
    let count = 0;
    for (const [name, { consumers, producers }] of this.#users) {
      if (++count % examinedPerStep === 0) yield undefined;
      const [consumed, produced] = [`Consumer.${name}`, `Producer.${name}`];
      if (isWanted(consumed)) {
        const fields = countOf('consumerCount', consumers);
        for (const data of consumers.values()) yield { topic: consumed, data, fields };
      }
      if (isWanted(produced)) {
        const fields = countOf('producerCount', producers);
        for (const data of producers.values()) yield { topic: produced, data, fields };
      }
    }
  }
}

function about(topic: string, data: DataStructure): Present {
  return { topic, data, fields: [] };
}

function countOf(name: string, { size }: ReadonlyMap<string, unknown>): readonly Field[] {
  return [[name, { type: 'int', value: size }]];
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
    .filter(({ name }) => !name.startsWith(advisoryPrefix))
    .map(nameOf);
}

function nameOf(address: Address): string {
  return `${isQueue(address) ? 'Queue' : 'Topic'}.${address.name}`;
}

/** Whether a topic name of a consumer includes a topic. */
function covers(name: string, topic: string): boolean {
  return name === topic || (isTopicPattern(name) && matchesTopic(name, topic));
}
