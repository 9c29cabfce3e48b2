// Encodes advisories, and sends them to the consumers of their topics.

import type { ActiveMq } from '../../../broker/activemq/activemq.ts';
import { advisoryPrefix } from '../../../broker/activemq/advisories/advisory-sink.ts';
import type { SendTarget } from '../../../broker/activemq/send-target.ts';
import { type Field, textValue } from '../../../broker/conversion/value.ts';
import { noExtraKeys } from '../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../broker/format.ts';
import { Publication } from '../../../broker/publication.ts';
import {
  type DataStructure,
  type Message,
  type ProducerId,
  plainMessage,
  types,
} from '../codec/commands.gen.ts';
import { encodeMap } from '../codec/primitives.ts';
import { noTimeToLive, writeHead } from '../codec/stored-message.ts';
import { isTopicPattern } from './topic-names.ts';

/** Maximum number of advisory topics whose routes are cached. */
const targetCountMax = 1024;
/** Maximum number and size of advisories that wait for the end of a turn. Further ones are dropped. */
const waitingCountMax = 10_000;
const waitingBytesMax = 16 * 1024 * 1024;
/** Number of advisories that are published in one step. */
const stepSize = 16;

/** Sends advisories. Without a consumer of its topic, an advisory is not encoded. */
export class AdvisoryWriter {
  /** The URL at which clients reach the broker. */
  url: string;
  /** Whether the configuration permits advisories. */
  readonly isOn: boolean;
  readonly #dialect: ActiveMq;
  readonly #brokerId: string;
  readonly #probe = new Publication();
  readonly #targets = new Map<string, SendTarget>();
  readonly #producerId: ProducerId;
  #sequence = 0;
  #waiting: { readonly target: SendTarget; readonly publication: Publication }[] = [];
  #waitingBytes = 0;

  constructor(dialect: ActiveMq, brokerId: string) {
    this.#dialect = dialect;
    this.#brokerId = brokerId;
    this.isOn = dialect.configuration.hasAdvisories;
    this.url = `vm://${dialect.broker.brokerName}`;
    this.#producerId = {
      type: types.ProducerId,
      connectionId: brokerId,
      value: 1,
      sessionId: -1,
    };
  }

  /**
   * Sends an advisory at once, so that it comes before what its cause leads to. Must not be called while
   * the broker delivers or removes a message.
   *
   * @param topic the name without the prefix of all advisory topics
   * @param make creates the message; only called if it has a consumer
   */
  sendNow(topic: string, make: () => Message): void {
    const target = this.#listenedTarget(topic);
    if (target === undefined) return;
    const rest = this.#publish(target, publicationOf(make()));
    if (rest !== undefined) this.#dialect.broker.background.run(rest);
  }

  /** Sends an advisory in the next turn, so that it can be called from anywhere. See {@link sendNow}. */
  send(topic: string, make: () => Message): void {
    this.sendOn(topic, () => publicationOf(make()));
  }

  /** Sends a message as it is, like {@link send}. @param make creates it with its own buffers */
  sendOn(topic: string, make: () => Publication): void {
    const target = this.#listenedTarget(topic);
    if (target === undefined) return;
    if (this.#waiting.length >= waitingCountMax || this.#waitingBytes >= waitingBytesMax) return;
    const publication = make();
    this.#waiting.push({ target, publication });
    this.#waitingBytes += publication.sizeBytes;
    if (this.#waiting.length === 1) this.#dialect.broker.background.runLater(this.#publishAll());
  }

  /** Returns an advisory topic that has a consumer. */
  #listenedTarget(topic: string): SendTarget | undefined {
    if (!this.#dialect.advising.isListenedTo) return undefined;
    const target = this.#targetOf(advisoryPrefix + topic);
    if (target === undefined) return undefined;
    const { broker, vhost } = this.#dialect;
    target.addressTo(this.#probe);
    const { queues } = broker.routing.routeAtOnce(vhost, target.exchange, this.#probe);
    return queues.length === 0 ? undefined : target;
  }

  /** Returns the remaining steps, if there are any. */
  #publish(target: SendTarget, publication: Publication): Iterable<void> | undefined {
    const { broker, vhost, internal } = this.#dialect;
    target.addressTo(publication);
    const found = broker.routing.routeAtOnce(vhost, target.exchange, publication);
    const route = internal.filter(found, publication);
    return route.queues.length === 0 ? undefined : broker.publish(vhost, publication, route).rest;
  }

  *#publishAll(): Generator<void> {
    let count = 0;
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#waitingBytes = 0;
      for (const { target, publication } of waiting) {
        yield* this.#publish(target, publication) ?? [];
        if (++count % stepSize === 0) yield;
      }
    }
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

  /** Creates an advisory. @param data undefined for one without a structure */
  message(data: DataStructure | undefined, more: readonly Field[] = []): Message {
    const { broker } = this.#dialect;
    const fields: Field[] = [
      ['originBrokerId', textValue(this.#brokerId)],
      ['originBrokerName', textValue(broker.brokerName)],
      ['originBrokerURL', textValue(this.url)],
      ...more,
    ];
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

function publicationOf(message: Message): Publication {
  const publication = new Publication();
  publication.format = formatNumbers.openwire;
  publication.extraRoutingKeys = noExtraKeys;
  publication.head = writeHead(message);
  publication.headEnd = publication.head.length;
  return publication;
}
