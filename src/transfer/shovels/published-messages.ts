// What a shovel publishes for a message.

import { Writer } from '../../base/bytes.ts';
import type { Argument } from '../../broker/arguments.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import type {
  ShovelDestination,
  ShovelSource,
} from '../../broker/rabbitmq/shovels/shovel-definition.ts';
import {
  type BasicProperties,
  readProperties,
  writeProperties,
} from '../../protocols/amqp091/codec/basic-properties.ts';
import { changedHead } from '../../protocols/amqp091/codec/properties.ts';
import { longString } from '../../protocols/amqp091/codec/tables.ts';
import type { Delivered, Outgoing } from '../amqp/channel.ts';

/** What the header of forwarded messages tells about a shovel. */
export interface ShovelPlace {
  readonly vhost: string;
  readonly name: string;
  /** The name of this broker. */
  readonly brokerName: string;
  /** The URIs in use, without credentials. */
  readonly sourceUri: string;
  readonly destinationUri: string;
}

const forwardHeader = 'x-shovelled';
/** Entries of {@link forwardHeader} that are kept, the newest first: a loop of shovels adds more without end. */
const forwardEntryMax = 32;
const timestampHeader = 'x-shovelled-timestamp';

/** Creates what is published for messages. */
export class PublishedMessages {
  readonly #destination: ShovelDestination;
  readonly #fields: Argument | undefined;
  readonly #properties: BasicProperties | undefined;
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds since 1970 */
  constructor(
    source: ShovelSource,
    destination: ShovelDestination,
    place: ShovelPlace,
    nowMs: () => number,
  ) {
    this.#destination = destination;
    this.#fields = destination.addsForwardHeaders
      ? fieldsOf(source, destination, place)
      : undefined;
    this.#properties = propertiesOf(destination.properties);
    this.#nowMs = nowMs;
  }

  /** What is published for a message. Its bytes are used as they are where nothing changes. */
  readonly of = (message: Delivered): Outgoing => {
    const { queue, exchange, exchangeKey } = this.#destination;
    return {
      ...message,
      // A queue is named by the routing key of the default exchange.
      exchange: queue === undefined ? (exchange ?? message.exchange) : '',
      routingKey: queue ?? exchangeKey ?? message.routingKey,
      // A destination queue exists, so that a message which is returned was about to be lost.
      isMandatory: queue !== undefined,
      head: this.#head(message.head),
    };
  };

  #head(original: Buffer): Buffer {
    let head = original;
    if (this.#properties !== undefined) {
      const w = new Writer(head.length + 512);
      writeProperties(w, { ...readProperties(head), ...this.#properties });
      head = w.toBuffer();
    }
    const headers: Record<string, Argument> = {};
    if (this.#fields !== undefined) {
      const found = readProperties(head).headers?.[forwardHeader];
      const earlier = found?.type === 'array' ? (found.value as readonly Argument[]) : [];
      const kept = earlier.slice(0, forwardEntryMax - 1);
      headers[forwardHeader] = { type: 'array', value: [this.#fields, ...kept] };
    }
    if (this.#destination.addsTimestampHeader) {
      headers[timestampHeader] = { type: 'long', value: Math.floor(this.#nowMs() / 1000) };
    }
    if (Object.keys(headers).length === 0) return head;
    return changedHead(head, 0, head.length, { headers });
  }
}

function fieldsOf(
  source: ShovelSource,
  destination: ShovelDestination,
  place: ShovelPlace,
): Argument {
  const texts: readonly (readonly [name: string, text: string | undefined])[] = [
    ['shovelled-by', place.brokerName],
    ['shovel-type', 'dynamic'],
    ['shovel-name', place.name],
    ['shovel-vhost', place.vhost],
    ['src-uri', place.sourceUri],
    ['dest-uri', place.destinationUri],
    ['src-queue', source.queue],
    ['src-exchange', source.queue === undefined ? source.exchange : undefined],
    ['src-exchange-key', source.queue === undefined ? source.exchangeKey : undefined],
    ['dest-exchange', destination.exchange],
    ['dest-exchange-key', destination.exchangeKey],
    ['dest-queue', destination.queue],
  ];
  const known = texts.flatMap(([name, text]) =>
    text === undefined ? [] : [[name, longString(text)] as const],
  );
  return { type: 'table', value: Object.fromEntries(known) };
}

/** The names of the properties in parameters, and here. */
const propertyNames: Readonly<Record<string, keyof BasicProperties>> = {
  content_type: 'contentType',
  content_encoding: 'contentEncoding',
  delivery_mode: 'deliveryMode',
  priority: 'priority',
  correlation_id: 'correlationId',
  reply_to: 'replyTo',
  expiration: 'expiration',
  message_id: 'messageId',
  timestamp: 'timestamp',
  type: 'type',
  user_id: 'userId',
  app_id: 'appId',
  cluster_id: 'clusterId',
};

function propertiesOf(values: JsonObject): BasicProperties | undefined {
  const found = Object.entries(values).flatMap(([name, value]) => {
    const property = propertyNames[name];
    return property === undefined ? [] : [[property, value] as const];
  });
  // The types of the values were checked when the shovel was set.
  return found.length === 0 ? undefined : (Object.fromEntries(found) as BasicProperties);
}
