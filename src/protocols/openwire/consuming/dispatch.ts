// Writes stored messages as dispatches.

import type { DeliveredFrom } from '../../../broker/activemq/sending/delivered-destination.ts';
import { converted } from '../../../broker/conversion/converted.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { directBytesMax } from '../codec/codec.ts';
import type { ConsumerId, Message, MessageId, ProducerId } from '../codec/commands.gen.ts';
import { messageDispatch, types } from '../codec/commands.gen.ts';
import { DispatchTemplate } from '../codec/dispatch-template.ts';
import { type DispatchFields, EncodedStructure } from '../codec/dispatch-writer.ts';
import { StoredFields } from '../codec/stored-fields.ts';
import { readHead, unset } from '../codec/stored-message.ts';
import { type Long, longAt } from '../codec/wire-reader.ts';
import { openwireFormat } from '../format.ts';
import type { OpenWireHost } from '../host.ts';
import { headBytesMax } from '../limits.ts';
import { ShownDestinations } from './shown-destinations.ts';

/** The priority of messages whose sender set none. */
const priorityDefault = 4;
/** The first version in which usual messages have all fields of stored heads. */
const fullVersion = 10;

/** Units besides those of any delivery, for a head that is copied, and one that is encoded again. */
const copiedUnits = 1;
const encodedUnits = 4;

/** Where a delivery comes from. */
type From = DeliveredFrom;

/** The fields of the current message, and of its dispatch. They are reused. */
const stored = new StoredFields();
const none = new EncodedStructure({ type: types.ConnectionId, value: undefined });
const fields: DispatchFields = {
  consumer: none,
  destination: none,
  original: undefined,
  producer: none,
  number: 0,
  redeliveryCounter: 0,
  isPersistent: false,
  expiration: 0,
  priority: 0,
  brokerInTime: 0,
  brokerOutTime: 0,
  isFirstOfGroup: false,
};

/** Writes the dispatches of a consumer. */
export class DispatchOutput {
  /** The number of the last dispatch, and the id of its message. */
  number = 0;
  textView: string | undefined = undefined;
  producerId: ProducerId | undefined = undefined;
  producerSequenceId: Long = 0;
  readonly #host: OpenWireHost;
  readonly #consumer: EncodedStructure<ConsumerId>;
  readonly #shown: ShownDestinations;
  /** The last usual dispatch, if the encoding of the connection is that of stored heads. */
  #template: DispatchTemplate | undefined = undefined;
  /** The producer in the id of the template. */
  #likeProducerId: ProducerId | undefined = undefined;

  constructor(host: OpenWireHost, id: ConsumerId) {
    this.#host = host;
    this.#consumer = new EncodedStructure(id);
    this.#shown = new ShownDestinations(host.dialect);
  }

  /** Writes a delivery, whose id is then in the fields of this object. */
  write(delivery: Delivery, source: From): void {
    const { broker, codec, consumers } = this.#host;
    this.number = ++consumers.dispatchCount;
    this.#shown.find(delivery, source);
    if (this.#writeLike(delivery)) {
      broker.turns.unitsLeft -= copiedUnits;
      return;
    }
    const { format, buffer, headAt, headLength } = delivery;
    const isUsual =
      format === formatNumbers.openwire &&
      codec.format.version >= fullVersion &&
      stored.find(buffer, headAt, headAt + headLength);
    broker.turns.unitsLeft -= isUsual ? copiedUnits : encodedUnits;
    if (isUsual) this.#copy(delivery);
    else this.#encode(delivery);
  }

  /** Prepares the delivery of a large message; see `Consumer.prepare`. */
  prepare(delivery: Delivery): Promise<void> | undefined {
    if (delivery.format === formatNumbers.openwire) return undefined;
    return this.#host.broker.conversions.prepare(delivery, openwireFormat, headBytesMax);
  }

  /** Writes a message whose head is like the previous one. Returns false if it is not. */
  #writeLike(delivery: Delivery): boolean {
    const template = this.#template;
    const { destination, original } = this.#shown;
    const isLike =
      template !== undefined &&
      delivery.format === formatNumbers.openwire &&
      template.fits(delivery, destination, original);
    if (!isLike) return false;
    const size = template.sizeOf(delivery.bodyLength);
    if (size > directBytesMax) return false;
    const { outbox } = this.#host;
    this.#setFields(delivery);
    const at = outbox.claim(size);
    template.write(outbox.bytes, at, delivery, fields);
    this.textView = undefined;
    this.producerId = this.#likeProducerId;
    this.producerSequenceId = longAt(delivery.buffer, delivery.headAt + template.sequenceAt);
    return true;
  }

  /** Sets the fields that do not depend on the head. */
  #setFields(delivery: Delivery): void {
    fields.number = this.number;
    fields.redeliveryCounter = delivery.deliveryCount;
    fields.isPersistent = delivery.isPersistent;
    fields.expiration = expirationOf(delivery);
    fields.priority = priorityOf(delivery);
    fields.brokerInTime = Math.round(delivery.receivedAtMs);
    fields.brokerOutTime = Math.round(this.#host.broker.nowMs());
    fields.isFirstOfGroup = delivery.isFirstOfGroup;
  }

  /** Writes a usual message without decoding its head. */
  #copy(delivery: Delivery): void {
    const { codec, outbox, consumers } = this.#host;
    const { idProducerAt, idProducerEnd, producerAt, producerEnd } = stored;
    const inId = consumers.producers.find(stored.bytes, idProducerAt, idProducerEnd);
    const hasOwn = producerEnd > producerAt;
    fields.consumer = this.#consumer;
    fields.destination = this.#shown.destination;
    fields.original = this.#shown.original;
    fields.producer = hasOwn
      ? consumers.producers.find(stored.bytes, producerAt, producerEnd)
      : inId;
    this.#setFields(delivery);
    const { bodyAt, bodyLength } = delivery;
    codec.encodeDispatch(stored, fields, bodyAt, bodyAt + bodyLength, outbox);
    this.textView = undefined;
    this.producerId = inId.structure;
    this.producerSequenceId = longAt(stored.bytes, stored.sequenceAt);
    if (!codec.copiesHeads) return;
    this.#template ??= new DispatchTemplate();
    if (this.#template.learn(delivery, stored, fields)) this.#likeProducerId = inId.structure;
  }

  /** Writes any other message: of another protocol, for an old client, or with unusual fields. */
  #encode(delivery: Delivery): void {
    const { broker, codec, outbox } = this.#host;
    const own =
      delivery.format === formatNumbers.openwire
        ? delivery
        : converted(delivery, broker.formatOf(delivery.format), openwireFormat, headBytesMax);
    const { buffer, headAt, headLength, bodyAt, bodyLength } = own;
    const message = readHead(buffer, headAt, headAt + headLength);
    this.#complete(message, delivery);
    const dispatch = messageDispatch({
      consumerId: this.#consumer.structure,
      destination: message.destination,
      message,
      redeliveryCounter: message.redeliveryCounter,
    });
    if (message.content === undefined && bodyLength === 0) codec.encode(dispatch, outbox);
    else codec.encodeWithBody(dispatch, buffer, bodyAt, bodyAt + bodyLength, outbox);
  }

  /** Sets the fields of a message that the broker decides. */
  #complete(message: Message, delivery: Delivery): void {
    const { broker } = this.#host;
    message.destination = this.#shown.destination.structure;
    message.originalDestination ??= this.#shown.original?.structure;
    message.redeliveryCounter = delivery.deliveryCount;
    message.expiration = expirationOf(delivery);
    if (message.priority === unset) message.priority = priorityOf(delivery);
    if (message.timestamp === unset) message.timestamp = 0;
    message.brokerInTime = Math.round(delivery.receivedAtMs);
    message.brokerOutTime = Math.round(broker.nowMs());
    message.persistent = delivery.isPersistent;
    message.groupFirstForConsumer = delivery.isFirstOfGroup;
    const id = this.#identified(message.messageId);
    message.messageId = id;
    message.producerId = message.producerId ?? id.producerId;
    this.textView = id.textView;
    this.producerId = id.producerId;
    this.producerSequenceId = id.producerSequenceId;
  }

  /**
   * Returns an id with the number of the delivery, by which the client acknowledges. A message of
   * another protocol may have no producer or no id at all.
   */
  #identified(id: MessageId | undefined): MessageId {
    const isComplete = id?.producerId !== undefined;
    return {
      type: types.MessageId,
      textView: id?.textView,
      producerId: isComplete ? id.producerId : foreignProducer(this.#host),
      producerSequenceId: isComplete ? id.producerSequenceId : this.number,
      brokerSequenceId: this.number,
    };
  }
}

function expirationOf({ expiresAtMs }: Delivery): number {
  return expiresAtMs === Infinity ? 0 : Math.round(expiresAtMs);
}

/** The priority for a message whose sender set none. */
function priorityOf({ priority }: Delivery): number {
  return Math.min(priority, 9) || priorityDefault;
}

/** The producer of messages that were sent without one. */
function foreignProducer({ shared, connectionId }: OpenWireHost): ProducerId {
  const owner = `${shared.brokerId}:${connectionId}`;
  return { type: types.ProducerId, connectionId: owner, value: 1, sessionId: -1 };
}
