// The firehose: copies of published and delivered messages for the exchange `amq.rabbitmq.trace`, in a
// virtual host whose tracing is on.

import { Writer } from '../../../base/bytes.ts';
import type { Argument, Arguments } from '../../../broker/arguments.ts';
import type { Broker } from '../../../broker/broker.ts';
import { BrokerError } from '../../../broker/errors.ts';
import { formatNumbers } from '../../../broker/format.ts';
import { Publication } from '../../../broker/publication.ts';
import type { Queue } from '../../../broker/queue.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import type { Vhost } from '../../../broker/vhost.ts';
import {
  type BasicProperties,
  readProperties,
  writeProperties,
} from '../codec/basic-properties.ts';
import { longString } from '../codec/tables.ts';
import { visibleHead } from '../format.ts';

const traceExchange = 'amq.rabbitmq.trace';

/** The name of the only node, as in the management API. */
const nodeName = 'rabbit@localhost';

/** Bytes of traced messages that wait to be published. Beyond that, messages are not traced. */
const waitingBytesMax = 8 * 1024 * 1024;

/** Queues of a message that are listed. */
const listedQueuesMax = 1000;

/** The channel that publishes or receives a message. */
export interface TracedChannel {
  readonly number: number;
  readonly broker: Broker;
  readonly vhost: Vhost;
  readonly access: { readonly user: string };
  readonly host: { readonly peerAddress: string; readonly localAddress: string };
}

let waitingBytes = 0;

/** Traces a published message. Only called while tracing is on. */
export function tracePublish(
  channel: TracedChannel,
  publication: Publication,
  queues: readonly Queue[],
): void {
  const name = publication.exchange?.name ?? '';
  if (name === traceExchange) return;
  const names = queues.slice(0, listedQueuesMax).map((queue) => longString(queue.name));
  const { head, headStart, headEnd, bodyLength } = publication;
  trace(channel, `publish.${name}`, bodyLength, () => ({
    headers: {
      ...headersOf(name, [publication.routingKey, ...publication.extraRoutingKeys], {
        head,
        headStart,
        headEnd,
      }),
      ...placeOf(channel),
      routed_queues: { type: 'array', value: names },
    },
    body: bodyOf(publication),
  }));
}

/** Traces a delivered message. Only called while tracing is on. */
export function traceDelivery(channel: TracedChannel, queue: string, delivery: Delivery): void {
  const name = delivery.exchangeName();
  if (name === traceExchange) return;
  const { buffer, headAt, headLength, bodyAt, bodyLength, redelivered } = delivery;
  const visible = visibleHead(buffer, headAt, headAt + headLength, delivery.deliveryCount);
  const at = { head: visible, headStart: 0, headEnd: visible.length };
  trace(channel, `deliver.${queue}`, bodyLength, () => ({
    headers: {
      ...headersOf(name, [delivery.routingKey()], at),
      redelivered: { type: 'signedint', value: redelivered ? 1 : 0 },
      ...placeOf(channel),
    },
    body: Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength)),
  }));
}

interface Traced {
  readonly headers: Arguments;
  readonly body: Buffer;
}

/** Publishes an event in a later turn, so that it does not interfere with the message itself. */
function trace(
  { broker, vhost }: TracedChannel,
  routingKey: string,
  bodyBytes: number,
  make: () => Traced,
): void {
  const exchange = vhost.exchanges.get(traceExchange);
  if (exchange === undefined || exchange.bindingCount === 0) return;
  const size = bodyBytes + 1024;
  if (waitingBytes + size > waitingBytesMax) return;
  const { headers, body } = make();
  const w = new Writer(1024);
  writeProperties(w, { headers });
  const event = new Publication();
  event.exchange = exchange;
  event.setAddress(traceExchange, routingKey);
  event.head = w.toBuffer();
  event.headEnd = event.head.length;
  event.format = formatNumbers.amqp091;
  if (body.length > 0) event.addPart(body, 0, body.length);
  waitingBytes += size;
  const publish = function* (): Generator<void> {
    waitingBytes -= size;
    try {
      yield* broker.publishInSteps(vhost, event);
    } catch (error) {
      // The exchange has too many bindings. Nobody waits for the error.
      if (!(error instanceof BrokerError)) throw error;
    }
  };
  broker.background.runLater(publish());
}

interface Head {
  readonly head: Buffer;
  readonly headStart: number;
  readonly headEnd: number;
}

function headersOf(exchange: string, routingKeys: readonly string[], at: Head): Arguments {
  const properties = readProperties(at.head, at.headStart, at.headEnd);
  return {
    exchange_name: longString(exchange),
    routing_keys: { type: 'array', value: routingKeys.map(longString) },
    properties: { type: 'table', value: propertyTable(properties) },
    node: longString(nodeName),
  };
}

function placeOf({ vhost, host, number, access }: TracedChannel): Arguments {
  return {
    vhost: longString(vhost.name),
    connection: longString(`${host.peerAddress} -> ${host.localAddress}`),
    channel: { type: 'signedint', value: number },
    user: longString(access.user),
  };
}

const propertyNames = {
  contentType: 'content_type',
  contentEncoding: 'content_encoding',
  headers: 'headers',
  deliveryMode: 'delivery_mode',
  priority: 'priority',
  correlationId: 'correlation_id',
  replyTo: 'reply_to',
  expiration: 'expiration',
  messageId: 'message_id',
  timestamp: 'timestamp',
  type: 'type',
  userId: 'user_id',
  appId: 'app_id',
  clusterId: 'cluster_id',
} as const satisfies Record<keyof BasicProperties, string>;

function propertyTable(properties: BasicProperties): Arguments {
  const table: Record<string, Argument> = {};
  for (const [name, value] of Object.entries(properties)) {
    const known = propertyNames[name as keyof BasicProperties]; // the names of the interface
    if (typeof value === 'object') table[known] = { type: 'table', value };
    else if (typeof value === 'string') table[known] = longString(value);
    else if (name === 'timestamp') table[known] = { type: 'timestamp', value: String(value) };
    else table[known] = { type: 'signedint', value };
  }
  return table;
}

function bodyOf({ parts, partStarts, partEnds, partCount }: Publication): Buffer {
  const pieces: Buffer[] = [];
  for (let i = 0; i < partCount; i++) {
    const part = parts[i] as Buffer; // partCount elements of each list are in use
    pieces.push(part.subarray(partStarts[i], partEnds[i]));
  }
  return Buffer.concat(pieces);
}
