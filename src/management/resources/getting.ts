// Getting of messages: /api/queues/{vhost}/{name}/get.

import { isUtf8 } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import type { Broker } from '../../broker/broker.ts';
import { converted } from '../../broker/conversion/converted.ts';
import { formatNumbers, hasHiddenHeaders, plainFormatNumber } from '../../broker/format.ts';
import type { Queue } from '../../broker/queue.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import type { Delivery, Outcome, Subscription } from '../../broker/subscription.ts';
import { readProperties } from '../../protocols/amqp091/codec/basic-properties.ts';
import { amqp091Format, visibleHead } from '../../protocols/amqp091/format.ts';
import { type Answer, jsonAnswer, jsonStream } from '../answers.ts';
import { committed } from '../commit.ts';
import { badRequest, keyMissing } from '../errors.ts';
import { own, requireText, wholeNumberOf } from '../json/read.ts';
import { getBytesMax, getCountMax } from '../limits.ts';
import type { ApiRequest } from '../request.ts';
import { propertiesToJson } from './properties.ts';
import { requireQueue } from './queues.ts';

/** The outcome of messages for each acknowledgement mode. */
const outcomes: Readonly<Record<string, Outcome>> = {
  ack_requeue_true: 'modified',
  ack_requeue_false: 'accepted',
  reject_requeue_true: 'modified',
  reject_requeue_false: 'rejected',
};

/** Maximum size of the properties of a message that another protocol published, bytes. */
const headBytesMax = 128 * 1024;

/** Number of bytes of a payload that are written at once; a multiple of three, for base64. */
const payloadPieceBytes = 192 * 1024;

interface Options {
  readonly count: number;
  readonly outcome: Outcome;
  readonly isAuto: boolean;
  /** Maximum size of a payload in the answer; longer ones are cut. */
  readonly truncateBytes: number;
}

/** A message that was got. */
interface Got {
  readonly description: JsonObject;
  readonly payload: Buffer;
}

/** `POST /api/queues/{vhost}/{name}/get` */
export async function getMessages(request: ApiRequest): Promise<Answer> {
  const { broker } = request;
  const vhost = request.ownVhost();
  const queue = vhost.queue(requireQueue(request, vhost).name, request);
  const options = readOptions(request.object());
  request.access(vhost).require('read', 'queue', queue.name);
  const got = await take(broker, queue, options, request);
  await committed(broker);
  if (got.length === 0) return jsonAnswer([]);
  return jsonStream(written(got, options));
}

function readOptions(body: JsonObject): Options {
  const count = wholeNumberOf(body, 'count');
  if (count === undefined) throw keyMissing('count');
  if (count > getCountMax) throw badRequest(`count is greater than ${getCountMax}`);
  const encoding = requireText(body, 'encoding');
  if (encoding !== 'auto' && encoding !== 'base64') {
    throw badRequest('Unsupported encoding. Please use auto or base64.');
  }
  const truncate = wholeNumberOf(body, 'truncate');
  if (truncate !== undefined && truncate < 0) throw badRequest('truncate is negative');
  return {
    // As in RabbitMQ, a negative count means all messages.
    count: count < 0 ? getCountMax : count,
    outcome: readOutcome(body),
    isAuto: encoding === 'auto',
    truncateBytes: truncate ?? Infinity,
  };
}

/** Older clients send `requeue` instead of `ackmode`. */
function readOutcome(body: JsonObject): Outcome {
  const requeue = own(body, 'requeue');
  const isOld = own(body, 'ackmode') === undefined && typeof requeue === 'boolean';
  const mode = isOld ? `ack_requeue_${requeue}` : requireText(body, 'ackmode');
  const outcome = Object.hasOwn(outcomes, mode) ? outcomes[mode] : undefined;
  if (outcome !== undefined) return outcome;
  throw badRequest(`unsupported ackmode: ${Object.keys(outcomes).join(', ')} are allowed`);
}

/** Takes messages from a queue and settles them all at the end, so that none is taken twice. */
async function take(
  broker: Broker,
  queue: Queue,
  { count, outcome, truncateBytes }: Options,
  owner: object,
): Promise<Got[]> {
  const subscription = queue.subscribe(undefined, {
    settled: false,
    exclusive: false,
    priority: 0,
    prefetch: Infinity,
    pool: undefined,
    owner,
    prepare: (delivery) =>
      isOwn(delivery)
        ? undefined
        : broker.conversions.prepare(delivery, amqp091Format, headBytesMax),
  });
  const got: Got[] = [];
  let sizeBytes = 0;
  try {
    while (got.length < count && sizeBytes < getBytesMax) {
      const message = await next(broker, subscription, truncateBytes);
      if (message === undefined) break;
      got.push(message);
      sizeBytes += message.payload.length;
    }
  } finally {
    subscription.close(outcome);
    broker.pump();
  }
  return got;
}

/** Gets the next message; undefined if the queue is empty, or deleted. */
function next(
  broker: Broker,
  subscription: Subscription,
  truncateBytes: number,
): Promise<Got | undefined> {
  if (subscription.queue.isDeleted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    subscription.get(false, (delivery) => {
      try {
        resolve(delivery === undefined ? undefined : describe(broker, delivery, truncateBytes));
      } catch (error) {
        reject(error); // the queue must not fail
      }
    });
  });
}

function isOwn({ format }: Delivery): boolean {
  return plainFormatNumber(format) === formatNumbers.amqp091;
}

/** Describes a delivery, and copies its payload: the delivery is reused for the next message. */
function describe(broker: Broker, delivery: Delivery, truncateBytes: number): Got {
  const own = isOwn(delivery)
    ? delivery
    : converted(delivery, broker.formatOf(delivery.format), amqp091Format, headBytesMax);
  const { buffer, headAt, headLength, bodyAt, bodyLength, deliveryCount } = own;
  const isChanged = (own.format & hasHiddenHeaders) !== 0 || deliveryCount > 0;
  const head = isChanged
    ? visibleHead(buffer, headAt, headAt + headLength, deliveryCount)
    : buffer.subarray(headAt, headAt + headLength);
  const end = bodyAt + Math.min(bodyLength, truncateBytes);
  return {
    description: {
      payload_bytes: bodyLength,
      redelivered: delivery.redelivered,
      exchange: delivery.exchangeName(),
      routing_key: delivery.routingKey(),
      message_count: delivery.left,
      properties: propertiesToJson(readProperties(head)),
    },
    payload: Buffer.from(buffer.subarray(bodyAt, end)),
  };
}

/** Writes messages piece by piece, because a payload may have many megabytes. */
async function* written(got: readonly Got[], { isAuto }: Options): AsyncGenerator<Uint8Array> {
  for (const [index, { description, payload }] of got.entries()) {
    const isText = isAuto && isUtf8(payload);
    const properties = { ...description, payload_encoding: isText ? 'string' : 'base64' };
    yield Buffer.from(`${index === 0 ? '[' : ','}${JSON.stringify(properties).slice(0, -1)}`);
    yield Buffer.from(',"payload":"');
    yield* writtenPayload(payload, isText);
    yield Buffer.from('"}');
  }
  yield Buffer.from(']');
}

function* writtenPayload(payload: Buffer, isText: boolean): Generator<Uint8Array> {
  const decoder = new StringDecoder('utf8');
  for (let at = 0; at < payload.length; at += payloadPieceBytes) {
    const piece = payload.subarray(at, at + payloadPieceBytes);
    const text = isText ? decoder.write(piece) : piece.toString('base64');
    yield Buffer.from(isText ? JSON.stringify(text).slice(1, -1) : text);
  }
}
