// PUBLISH packets of clients, and PUBREL.

import { equalsAt } from '../../../base/bytes.ts';
import type { Route } from '../../../broker/exchanges/route-cache.ts';
import { Publication } from '../../../broker/publication.ts';
import { checkTopic } from '../address.ts';
import { checkedText, FieldReader } from '../codec/fields.ts';
import { packetTypes } from '../codec/packets.ts';
import {
  noProperties,
  type PropertyList,
  propertyIds,
  readProperties,
} from '../codec/properties.ts';
import type { TopicTarget, VhostDialect } from '../dialect.ts';
import { MqttError, malformed, protocolError, reasons, toMqttError } from '../errors.ts';
import type { MqttHost } from '../host.ts';
import { receiveCountMax } from '../limits.ts';
import { prepare, store } from '../sessions/messages.ts';

/** Maximum number of topics whose routes a connection caches. */
const targetCountMax = 256;

const noTopic = Buffer.alloc(0);

/** A character that replaces invalid UTF-8 when text is decoded. */
const replacement = '\ufffd';

const pubackFirst = packetTypes.puback << 4;
const pubrecFirst = packetTypes.pubrec << 4;
const pubcompFirst = packetTypes.pubcomp << 4;

/** Receives the messages of a client. */
export class Publisher {
  readonly #host: MqttHost;
  readonly #dialect: VhostDialect;
  readonly #fields = new FieldReader();
  readonly #publication = new Publication();
  readonly #targets = new Map<string, TopicTarget>();
  /** The topic name of the last message to a known topic, encoded and as text. */
  #lastTopic: Buffer = noTopic;
  #lastName = '';
  readonly #aliases: (string | undefined)[] = [];
  /** The sender, for subscriptions with noLocal of other protocols. */
  #origins: readonly unknown[] = [];
  #isFirst = true;

  constructor(host: MqttHost) {
    this.#host = host;
    this.#dialect = host.dialect;
  }

  /**
   * Handles a PUBLISH packet.
   *
   * @param first the type and flags
   * @param rest further parts of the payload
   */
  publish(
    first: number,
    bytes: Buffer,
    at: number,
    end: number,
    rest: readonly Buffer[] | undefined,
  ): void {
    const qos = this.#qosOf(first);
    const fields = this.#fields.open(bytes, at, end);
    const name = this.#readTopic(fields);
    const id = qos === 0 ? 0 : fields.u16();
    if (qos > 0 && id === 0) throw protocolError('the packet id of PUBLISH is 0'); // [MQTT-2.2.1-3]
    const isNew = this.#host.version === 5;
    const properties = isNew ? readProperties(fields, 'publish') : noProperties;
    const topic = isNew ? this.#resolve(name, properties) : name;
    if (qos === 2 && this.#isRepeated(id)) return;
    if (isNew && qos > 0) this.#requireRoom();
    this.#start();
    this.#setBody(bytes, fields.at, end, rest);
    try {
      this.#store(topic, qos, id, (first & 1) !== 0, properties);
    } finally {
      if (rest === undefined) this.#publication.clearBody();
      else this.#publication.release();
    }
  }

  /** The quality of service of a message, which the dialect may limit. */
  #qosOf(first: number): number {
    const qos = readQos(first);
    const { terms } = this.#dialect;
    if (qos <= terms.qosMax) return qos;
    if (this.#host.version !== 5) return terms.qosMax;
    const why = `the quality of service of PUBLISH is ${qos}; at most ${terms.qosMax} is allowed`;
    throw new MqttError('peer', 'qosNotSupported', why);
  }

  #setBody(bytes: Buffer, at: number, end: number, rest: readonly Buffer[] | undefined): void {
    const publication = this.#publication;
    publication.clearBody();
    if (end > at) publication.addPart(bytes, at, end);
    if (rest === undefined) return;
    for (const part of rest) publication.addPart(part, 0, part.length);
  }

  #start(): void {
    if (!this.#isFirst) return;
    this.#isFirst = false;
    this.#origins = [this.#host, this.#host.clientId];
    this.#host.startedPublishing();
  }

  /** Known topics are not checked again. */
  #readTopic(fields: FieldReader): string {
    const size = fields.u16();
    const start = fields.skip(size);
    const { bytes } = fields;
    const last = this.#lastTopic;
    if (last.length === size && equalsAt(last, bytes, start)) return this.#lastName;
    const text = bytes.toString('utf8', start, start + size);
    if (!this.#targets.has(text) || text.includes(replacement)) {
      return checkedText(bytes, start, start + size);
    }
    this.#lastTopic = Buffer.from(bytes.subarray(start, start + size));
    this.#lastName = text;
    return text;
  }

  /** Returns the topic name, which may be given by an alias. [MQTT-3.3.2-8] [MQTT-3.3.2-9] */
  #resolve(name: string, properties: PropertyList): string {
    const alias = properties.number(propertyIds.topicAlias);
    if (alias === undefined) return name;
    const { receiveAliasMax: aliasMax } = this.#dialect.terms;
    if (alias === 0 || alias > aliasMax) {
      const why = `a topic alias is ${alias}; 1 to ${aliasMax} are allowed`;
      throw new MqttError('peer', 'invalidTopicAlias', why);
    }
    if (name === '') {
      const known = this.#aliases[alias];
      if (known === undefined) throw protocolError(`the topic alias ${alias} is unknown`);
      return known;
    }
    checkTopic(name);
    this.#aliases[alias] = name;
    return name;
  }

  /** Whether a message was received before. It is acknowledged again. [MQTT-4.3.3-10] */
  #isRepeated(id: number): boolean {
    const { session, answers, broker } = this.#host;
    if (!session.received.has(id)) return false;
    answers.acknowledge(pubrecFirst, id, 0, session.isStored ? broker.store.definedGroup : 0);
    return true;
  }

  /** [MQTT-3.3.4-8] */
  #requireRoom(): void {
    const { session, answers } = this.#host;
    if (answers.publishCount + session.received.size < receiveCountMax) return;
    const why = `more than ${receiveCountMax} messages are not acknowledged`;
    throw new MqttError('peer', 'receiveMaximumExceeded', why);
  }

  #store(
    topic: string,
    qos: number,
    id: number,
    isRetained: boolean,
    properties: PropertyList,
  ): void {
    const { session, clientId } = this.#host;
    const { priority, endsUnauthorised } = this.#dialect.terms;
    let reason: number = reasons.success;
    try {
      const target = this.#targetOf(topic);
      if (target !== undefined) {
        const origin = session.hasNoLocal ? clientId : undefined;
        prepare(this.#publication, { qos, isRetained, properties, origin, priority });
        this.#publish(target, qos, id, isRetained);
        return;
      }
    } catch (thrown) {
      const error = toMqttError(thrown);
      if (error.code !== 'refused') throw error;
      if (endsUnauthorised && error.reason === 'notAuthorized') {
        throw new MqttError('closing', error.reason, error.message, { cause: error });
      }
      // Before MQTT 5, a refusal cannot be told.
      if (this.#host.version === 5) reason = error.reasonCode;
    }
    if (qos === 2 && reason === reasons.success) session.addReceived(id);
    const group = qos === 2 && session.isStored ? this.#host.broker.store.definedGroup : 0;
    this.#acknowledge(qos, id, reason, group);
  }

  /** Returns the destination; undefined for topics of the server, whose messages are dropped. */
  #targetOf(topic: string): TopicTarget | undefined {
    const known = this.#targets.get(topic);
    if (known !== undefined) return known;
    checkTopic(topic);
    if (this.#dialect.isIgnored(topic)) return undefined;
    const target = this.#dialect.target(topic);
    if (this.#targets.size >= targetCountMax) this.#targets.clear();
    this.#targets.set(topic, target);
    return target;
  }

  #publish(target: TopicTarget, qos: number, id: number, isRetained: boolean): void {
    const { broker, access, gate, session } = this.#host;
    const publication = this.#publication;
    const route = target.route(publication, access, this.#origins);
    gate.count(target.routeUnits);
    const { store: messages } = broker;
    if (qos < 2) {
      const published = store(this.#dialect, target, publication, route, isRetained);
      this.#finish(published, qos, id);
      this.#stored(target, route);
      return;
    }
    // The message and its id are recovered both or neither. [MQTT-4.3.3-2]
    messages.begin();
    try {
      const published = store(this.#dialect, target, publication, route, isRetained);
      if (published.rest === undefined) session.addReceived(id);
      if (session.isStored) published.group = messages.log.appendedGroup;
      this.#finish(published, qos, id);
    } finally {
      messages.end();
    }
    this.#stored(target, route);
  }

  /** The client waits if the message has reached a limit. */
  #stored(target: TopicTarget, route: Route): void {
    const { pause } = this.#host;
    const reached = target.stored(this.#publication, route);
    if (reached !== undefined) pause.wait(reached);
  }

  #finish(published: ReturnType<typeof store>, qos: number, id: number): void {
    const { rest, routed, group } = published;
    if (rest === undefined) {
      if (published.isRefused) this.#refuse(qos, id);
      else this.#acknowledge(qos, id, this.#reasonFor(routed), group);
      return;
    }
    const { session, gate, broker } = this.#host;
    gate.finishFirst(rest, () => {
      if (published.isRefused) {
        this.#refuse(qos, id);
        return;
      }
      if (qos === 2) session.addReceived(id);
      const last = qos === 2 && session.isStored ? broker.store.log.appendedGroup : 0;
      this.#acknowledge(qos, id, reasons.success, Math.max(published.group, last));
    });
  }

  /** A queue is full. Before MQTT 5, the client gets no answer, so that it sends the message again. */
  #refuse(qos: number, id: number): void {
    if (this.#host.version === 5) this.#acknowledge(qos, id, reasons.quotaExceeded, 0);
  }

  #reasonFor(routed: number): number {
    const isUnrouted = routed === 0 && this.#host.version === 5;
    return isUnrouted ? reasons.noMatchingSubscribers : reasons.success;
  }

  #acknowledge(qos: number, id: number, reason: number, group: number): void {
    if (qos === 0) return;
    this.#host.answers.acknowledge(qos === 1 ? pubackFirst : pubrecFirst, id, reason, group);
  }

  /** Handles PUBREL. PUBCOMP is sent after the id is free for good. [MQTT-4.3.3-11] */
  released(id: number): void {
    const { session, answers, broker, version } = this.#host;
    const isKnown = session.removeReceived(id);
    const reason = isKnown || version !== 5 ? reasons.success : reasons.packetIdNotFound;
    const group = session.isStored ? broker.store.definedGroup : 0;
    answers.acknowledge(pubcompFirst, id, reason, group);
  }

  /** Releases the buffers of an incomplete message. */
  end(): void {
    this.#publication.release();
  }
}

function readQos(first: number): number {
  const qos = (first >> 1) & 3;
  if (qos === 3) throw malformed('the quality of service of PUBLISH is 3'); // [MQTT-3.3.1-4]
  if (qos === 0 && (first & 8) !== 0) {
    throw malformed('a message with quality of service 0 is marked as duplicate'); // [MQTT-3.3.1-2]
  }
  return qos;
}
