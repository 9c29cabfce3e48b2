// Advisories about destinations, messages, and limits.

import type { ActiveMq } from '../../../broker/activemq/activemq.ts';
import type {
  AdvisedMessage,
  AdvisorySink,
} from '../../../broker/activemq/advisories/advisory-sink.ts';
import type { Consumption } from '../../../broker/activemq/consumption.ts';
import { isQueue, qualifiedName } from '../../../broker/activemq/destination.ts';
import { converted } from '../../../broker/conversion/converted.ts';
import type { Address } from '../../../broker/conversion/properties.ts';
import { type Field, textValue } from '../../../broker/conversion/value.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { destinationOf } from '../address.ts';
import {
  type ConsumerInfo,
  consumerInfo,
  type DataStructure,
  destinationInfo,
  type Message,
  type ProducerInfo,
  producerInfo,
  types,
} from '../codec/commands.gen.ts';
import { readHead, unset } from '../codec/stored-message.ts';
import { OpenWireConsumer } from '../consuming/consumer.ts';
import { openwireFormat } from '../format.ts';
import { idText, messageIdText } from '../ids.ts';
import { headBytesMax } from '../limits.ts';
import type { AdvisoryWriter } from './advisory-writer.ts';

/** Maximum size of a body in an advisory, bytes. A larger one is left out. */
const bodyBytesMax = 64 * 1024;
/** The priority of messages whose sender set none. */
const priorityDefault = 4;

/** The kinds of destinations in the names of advisory topics. */
const kindNames: Readonly<Record<Address['kind'], string>> = {
  queue: 'Queue',
  topic: 'Topic',
  'temporary-queue': 'TempQueue',
  'temporary-topic': 'TempTopic',
};

const prefetchMax = 2 ** 31 - 1;

/** Encodes the advisories about what happens in the broker, whatever the protocol of the client. */
export class EventAdvisories implements AdvisorySink {
  readonly #dialect: ActiveMq;
  readonly #writer: AdvisoryWriter;
  readonly #brokerId: string;

  constructor(dialect: ActiveMq, writer: AdvisoryWriter, brokerId: string) {
    this.#dialect = dialect;
    this.#writer = writer;
    this.#brokerId = brokerId;
  }

  destination(address: Address, exists: boolean): void {
    this.#writer.send(kindNames[address.kind], () =>
      this.#writer.message(this.destinationInfo(address, exists)),
    );
  }

  /** The structure for a destination that begins or ends to exist. */
  destinationInfo(address: Address, exists: boolean): DataStructure {
    return destinationInfo({
      connectionId: { type: types.ConnectionId, value: this.#brokerId },
      destination: destinationOf(address),
      operationType: exists ? 0 : 1,
    });
  }

  message({ kind, address, message, includesBody, fields, namesMessage }: AdvisedMessage): void {
    const type = kind === 'Expired' ? regionOf(address) : kindNames[address.kind];
    this.#writer.send(`${kind}.${type}.${address.name}`, () => {
      const data = this.#structureOf(message, address, includesBody);
      const named: Field[] = namesMessage
        ? [
            ['orignalMessageId', textValue(data.messageId ? messageIdText(data.messageId) : '')],
            ['orignalDestination', textValue(qualifiedName(address))],
          ]
        : [];
      return this.#writer.message(data, [...named, ...fields]);
    });
  }

  /** The message as its consumers would get it, without its body unless that is wanted. */
  #structureOf(view: Delivery, address: Address, includesBody: boolean): Message {
    const { broker } = this.#dialect;
    const own =
      view.format === formatNumbers.openwire
        ? view
        : converted(view, broker.formatOf(view.format), openwireFormat, headBytesMax);
    const { buffer, headAt, headLength, bodyAt, bodyLength } = own;
    const message = readHead(buffer, headAt, headAt + headLength);
    message.destination = destinationOf(address);
    message.redeliveryCounter = view.deliveryCount;
    message.expiration = view.expiresAtMs === Infinity ? 0 : Math.round(view.expiresAtMs);
    if (message.priority === unset)
      message.priority = Math.min(view.priority, 9) || priorityDefault;
    if (message.timestamp === unset) message.timestamp = 0;
    message.persistent = view.isPersistent;
    message.messageId ??= {
      type: types.MessageId,
      textView: undefined,
      producerId: undefined,
      producerSequenceId: 0,
      brokerSequenceId: 0,
    };
    message.messageId.producerId ??= {
      type: types.ProducerId,
      connectionId: this.#brokerId,
      value: 0,
      sessionId: -1,
    };
    const hasBody = includesBody && bodyLength <= bodyBytesMax && message.content !== undefined;
    message.content = hasBody ? buffer.subarray(bodyAt, bodyAt + bodyLength) : undefined;
    return message;
  }

  unconsumed(address: Address, publication: Publication): void {
    const topic = `NoConsumer.${regionOf(address)}.${address.name}`;
    this.#writer.sendOn(topic, () => publication.copy());
  }

  slowConsumer(address: Address, consumption: Consumption): void {
    this.#writer.send(`SlowConsumer.${kindNames[address.kind]}.${address.name}`, () => {
      const info = consumerInfoOf(consumption, address);
      const id = this.consumerIdOf(consumption);
      return this.#writer.message(info, id === undefined ? [] : [['consumerId', textValue(id)]]);
    });
  }

  consumerIdOf({ taker }: Consumption): string | undefined {
    return taker instanceof OpenWireConsumer ? taker.key : undefined;
  }

  fastProducer(address: Address, producer: unknown): void {
    this.#writer.send(`FastProducer.${kindNames[address.kind]}.${address.name}`, () => {
      // Only OpenWire has producers, of this type.
      const info =
        (producer as ProducerInfo | undefined) ??
        producerInfo({ destination: destinationOf(address) });
      const { producerId: id } = info;
      const named: Field[] = id === undefined ? [] : [['producerId', textValue(idText(id))]];
      return this.#writer.message(info, named);
    });
  }

  full(address: Address, usage: string, usedBytes: number): void {
    this.#writer.send(`FULL.${kindNames[address.kind]}.${address.name}`, () =>
      this.#writer.message(undefined, [
        ['usageName', textValue(usage)],
        ['usageCount', { type: 'long', value: BigInt(Math.round(usedBytes)) }],
      ]),
    );
  }

  /** The broker has started, and is the only one of its data. */
  master(): void {
    this.#writer.send('MasterBroker', () => this.#writer.message(undefined));
  }
}

/** Temporary destinations count as those that live on. */
function regionOf(address: Address): string {
  return isQueue(address) ? 'Queue' : 'Topic';
}

/** The structure of a consumer, even of another protocol. */
function consumerInfoOf({ taker, request }: Consumption, address: Address): ConsumerInfo {
  if (taker instanceof OpenWireConsumer) return taker.info;
  return consumerInfo({
    destination: destinationOf(address),
    prefetchSize: Math.min(request.prefetch, prefetchMax),
    selector: request.selector?.text,
    subscriptionName: request.key?.name,
    noLocal: request.isNoLocal,
    exclusive: request.isExclusive,
    priority: request.priority,
  });
}
