// Random methods of AMQP 0-9-1.

import type { Argument } from '../../src/broker/arguments.ts';
import type { BasicProperties } from '../../src/protocols/amqp091/codec/basic-properties.ts';
import {
  type ExchangeDeclare,
  type Method,
  methodIds,
  type QueueDeclare,
} from '../../src/protocols/amqp091/codec/methods.gen.ts';
import type { FieldTable } from '../../src/protocols/amqp091/codec/tables.ts';
import { methodFrame, publishFrames } from '../support/amqp-peer.ts';
import type { SeededRandom } from '../support/seeded-random.ts';

const text = (value: string): Argument => ({ type: 'longstr', value });

const names = ['', 'q', 'r', 's', 'amq.topic', 'amq.fanout', 'x', 'y', 'amq.rabbitmq.reply-to'];
const keys = ['', 'q', 'r', 's', 'a.b', '#', 'no', 'a.\udcff', '\udcc3\udcfe'];
const headerNames = ['CC', 'BCC', 'x-death', 'a', 'count', 'x-first-death-queue', '\udcff'];
const argumentNames = [
  'x-message-ttl',
  'x-expires',
  'x-max-length',
  'x-max-length-bytes',
  'x-max-priority',
  'x-overflow',
  'x-single-active-consumer',
  'x-queue-type',
  'x-delivery-limit',
];
const texts = ['', 'q', 'r', 'all', 'amq.fanout', 'any', '\udc80', 'k'.repeat(256)];
const overflows = ['drop-head', 'reject-publish', 'reject-publish-dlx'];
const types = ['classic', 'quorum'];

function randomArgument(random: SeededRandom, depth: number): Argument {
  const kind = random.below(depth > 2 ? 9 : 11);
  if (kind === 7) return randomNumber(random);
  switch (kind) {
    case 0:
      return { type: 'signedint', value: random.below(2 ** 32) - 2 ** 31 };
    case 1:
      return { type: 'unsignedbyte', value: random.below(4) };
    case 2:
      return { type: 'bool', value: random.oneIn(2) };
    case 3:
      return { type: 'void', value: null };
    case 4:
      return { type: 'timestamp', value: '18446744073709551615' };
    case 5:
      return { type: 'long', value: '-9223372036854775808' };
    case 6:
      return text(random.pick(texts));
    case 8:
      return { type: 'binary', value: random.bytes(20).toString('base64') };
    case 9:
      return { type: 'table', value: randomTable(random, depth + 1) };
    default: {
      const length = random.below(4);
      const items = Array.from({ length }, () => randomArgument(random, depth + 1));
      return { type: 'array', value: items };
    }
  }
}

/** A number of one of the rarer types. */
function randomNumber(random: SeededRandom): Argument {
  const n = random.below(128);
  return random.pick<Argument>([
    { type: 'byte', value: -n },
    { type: 'short', value: n - 300 },
    { type: 'unsignedshort', value: n * 500 },
    { type: 'unsignedint', value: n * 2 ** 25 },
    { type: 'float', value: n / 4 },
    { type: 'double', value: n / 3 },
    { type: 'decimal', value: `${n}.25` },
  ]);
}

/** A field table with the names that the broker looks for. */
export function randomTable(random: SeededRandom, depth = 0): FieldTable {
  const table: Record<string, Argument> = {};
  for (let left = random.below(4); left > 0; left--) {
    const name = random.pick(headerNames);
    const isList = /CC$/.test(name) && !random.oneIn(20);
    table[name] = isList ? keyList(random) : randomArgument(random, depth);
  }
  return table;
}

function keyList(random: SeededRandom): Argument {
  const length = random.below(4);
  return { type: 'array', value: Array.from({ length }, () => text(random.pick(keys))) };
}

/** Arguments of a queue; most of them right. */
function queueArguments(random: SeededRandom): FieldTable {
  const table: Record<string, Argument> = {};
  if (random.oneIn(2)) {
    table['x-dead-letter-exchange'] = text(random.pick(['', 'amq.fanout', 'x']));
    if (random.oneIn(2))
      table['x-dead-letter-routing-key'] = text(random.pick([...keys, ...texts]));
  }
  for (let left = random.below(4); left > 0; left--) {
    const name = random.pick(argumentNames);
    table[name] = { type: 'unsignedbyte', value: random.below(4) };
    if (name === 'x-overflow') table[name] = text(random.pick(overflows));
    if (name === 'x-queue-type') table[name] = text(random.pick(types));
    if (name === 'x-single-active-consumer') table[name] = { type: 'bool', value: true };
    if (random.oneIn(40)) table[name] = randomArgument(random, 0);
  }
  return table;
}

function randomProperties(random: SeededRandom): BasicProperties {
  const properties: BasicProperties = {};
  if (random.oneIn(2)) properties.deliveryMode = 2;
  if (random.oneIn(3)) properties.headers = randomTable(random);
  if (random.oneIn(8)) properties.expiration = random.pick(['0', '5', '100']);
  if (random.oneIn(8)) properties.priority = random.below(12);
  if (random.oneIn(40)) properties.replyTo = random.pick(names);
  return properties;
}

/** The state that a client uses to choose its next step. */
export interface Client {
  /** Delivery tags that it has got and not settled, by channel. */
  readonly tags: Map<number, number[]>;
  readonly channel: number;
}

type Maker = (random: SeededRandom, client: Client) => Method;

const noWait = false;
const queues = ['q', 'r', 's'];
const exchanges = ['x', 'y', 'amq.fanout', 'amq.topic'];
const tag: (random: SeededRandom, client: Client) => number = (random, client) => {
  const known = client.tags.get(client.channel) ?? [];
  if (known.length === 0 || random.oneIn(100)) return random.below(9);
  const picked = random.pick(known);
  client.tags.set(
    client.channel,
    known.filter((other) => other > picked),
  );
  return picked;
};
const odd = (random: SeededRandom, usual: readonly string[]) =>
  random.pick(random.oneIn(40) ? names : usual);

const declareQueue: Maker = (r) => ({
  id: methodIds.queueDeclare,
  queue: odd(r, queues),
  passive: r.oneIn(8),
  durable: r.oneIn(2),
  exclusive: r.oneIn(20),
  autoDelete: r.oneIn(20),
  noWait,
  arguments: queueArguments(r),
});

const declareExchange: Maker = (r) => ({
  id: methodIds.exchangeDeclare,
  exchange: r.pick(['x', 'y']),
  type: r.pick(['direct', 'fanout', 'topic', 'headers']),
  passive: r.oneIn(8),
  durable: r.oneIn(2),
  autoDelete: r.oneIn(20),
  internal: false,
  noWait,
  arguments: r.oneIn(2) ? {} : { 'alternate-exchange': text(r.pick(exchanges)) },
});

const settling: readonly Maker[] = [
  (r, c) => ({ id: methodIds.basicAck, deliveryTag: tag(r, c), multiple: r.oneIn(2) }),
  (r, c) => ({ id: methodIds.basicReject, deliveryTag: tag(r, c), requeue: r.oneIn(2) }),
  (r, c) => ({
    id: methodIds.basicNack,
    deliveryTag: tag(r, c),
    multiple: r.oneIn(2),
    requeue: r.oneIn(2),
  }),
];

const consuming: readonly Maker[] = [
  (r) => ({
    id: methodIds.basicConsume,
    queue: odd(r, queues),
    consumerTag: r.oneIn(2) ? '' : `c${r.below(1000)}`,
    noLocal: false,
    noAck: r.oneIn(4),
    exclusive: r.oneIn(20),
    noWait,
    arguments: r.oneIn(4) ? { 'x-priority': { type: 'byte', value: r.below(5) } } : {},
  }),
  (r) => ({ id: methodIds.basicGet, queue: odd(r, queues), noAck: r.oneIn(4) }),
  (r) => ({
    id: methodIds.basicQos,
    prefetchSize: 0,
    prefetchCount: r.below(6),
    global: r.oneIn(3),
  }),
];

const binding: readonly Maker[] = [
  (r) => ({
    id: methodIds.queueBind,
    queue: odd(r, queues),
    exchange: odd(r, exchanges),
    routingKey: r.pick(keys),
    noWait,
    arguments: r.oneIn(8) ? randomTable(r) : {},
  }),
  (r) => ({
    id: methodIds.queueUnbind,
    queue: odd(r, queues),
    exchange: odd(r, exchanges),
    routingKey: r.pick(keys),
    arguments: {},
  }),
  (r) => ({
    id: r.oneIn(2) ? methodIds.exchangeBind : methodIds.exchangeUnbind,
    destination: odd(r, exchanges),
    source: odd(r, exchanges),
    routingKey: r.pick(keys),
    noWait,
    arguments: {},
  }),
];

const rare: readonly Maker[] = [
  (r, c) => (r.oneIn(3) ? declareQueue(r, c) : declareExchange(r, c)),
  (r) => ({ id: methodIds.basicCancel, consumerTag: `c${r.below(1000)}`, noWait }),
  (r) => ({
    id: r.oneIn(2) ? methodIds.basicRecover : methodIds.basicRecoverAsync,
    requeue: true,
  }),
  (r) => ({ id: methodIds.basicCancelOk, consumerTag: `c${r.below(1000)}` }),
  () => ({
    id: methodIds.accessRequest,
    realm: '/data',
    exclusive: false,
    passive: true,
    active: true,
    write: true,
    read: true,
  }),
  (r) => ({ id: methodIds.queuePurge, queue: r.pick(queues), noWait }),
  (r) => ({
    id: methodIds.queueDelete,
    queue: r.pick(queues),
    ifUnused: r.oneIn(2),
    ifEmpty: r.oneIn(2),
    noWait,
  }),
  (r) => ({
    id: methodIds.exchangeDelete,
    exchange: r.pick(['x', 'y']),
    ifUnused: r.oneIn(2),
    noWait,
  }),
  () => ({ id: methodIds.confirmSelect, noWait }),
  () => ({ id: methodIds.txSelect }),
  (r) => ({ id: r.oneIn(2) ? methodIds.txCommit : methodIds.txRollback }),
  (r) => ({
    id: r.oneIn(4) ? methodIds.channelFlowOk : methodIds.channelFlow,
    active: !r.oneIn(8),
  }),
  () => ({ id: methodIds.channelClose, replyCode: 200, replyText: '', classId: 0, methodId: 0 }),
  (r) => (r.oneIn(9) ? { id: methodIds.channelOpen } : { id: methodIds.channelCloseOk }),
];

/** Queues and exchanges for clients to begin with. */
export function definitions(random: SeededRandom): Method[] {
  const client = { tags: new Map(), channel: 1 };
  const declared = ['r', 's'].map((queue) => ({
    ...(declareQueue(random, client) as QueueDeclare),
    queue,
    passive: false,
    exclusive: false,
  }));
  const exchangesOf = ['x', 'y'].map((exchange) => ({
    ...(declareExchange(random, client) as ExchangeDeclare),
    exchange,
    passive: false,
  }));
  return [...declared, ...exchangesOf];
}

/** One thing that a client may do. */
export interface Deed {
  readonly method: Method;
  readonly frames: Buffer;
  /** The channel that the frames are for. */
  readonly channel: number;
}

/** One thing that a client may do, right or wrong. */
export function randomDeed(random: SeededRandom, client: Client): Deed {
  const { channel } = client;
  const kind = random.below(20);
  const hasTags = (client.tags.get(channel)?.length ?? 0) > 0 || random.oneIn(50);
  if (kind < 8 || (kind < 13 && !hasTags)) return publishing(random, channel);
  if (random.oneIn(120)) {
    const method = random.pick(ofConnection);
    return { method, frames: methodFrame(0, method), channel: 0 };
  }
  const makers = kind < 13 ? settling : kind < 16 ? consuming : kind < 18 ? binding : rare;
  const method = random.pick(makers)(random, client);
  return { method, frames: methodFrame(channel, method), channel };
}

const ofConnection: readonly Method[] = [
  { id: methodIds.connectionUpdateSecret, newSecret: Buffer.from('s'), reason: 'r' },
  { id: methodIds.connectionClose, replyCode: 200, replyText: '', classId: 0, methodId: 0 },
];

function publishing(random: SeededRandom, channel: number): Deed {
  const properties = randomProperties(random);
  const routingKey = random.pick(keys);
  const body = 'b'.repeat(random.below(20));
  const exchange = odd(random, ['', '', ...exchanges]);
  const mandatory = random.oneIn(4);
  const method: Method = {
    id: methodIds.basicPublish,
    exchange,
    routingKey,
    mandatory,
    immediate: false,
  };
  const frames = publishFrames(channel, routingKey, body, properties, exchange, mandatory);
  return { method, frames, channel };
}
