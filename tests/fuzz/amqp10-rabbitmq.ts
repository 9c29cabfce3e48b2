// The fuzzers of AMQP 1.0 on brokers of RabbitMQ's type.

import assert from 'node:assert/strict';
import type { Item } from '../../src/protocols/amqp10/codec/items.ts';
import { rabbitMqFormat } from '../../src/protocols/amqp10/rabbitmq/conversion/format.ts';
import { viewOf } from '../contract/messages.ts';
import { Amqp10Peer } from '../support/amqp10-peer.ts';
import {
  encodeMessage,
  ManagementClient,
  RabbitMqBroker,
  symbol,
  text,
} from '../support/amqp10-rabbitmq.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { RandomClient, requireNothingHeld, settled } from './amqp10-client.ts';
import { frameHandlers, randomItem, randomMessage } from './amqp10-input.ts';
import { type Fuzzer, junk } from './fuzzer.ts';
import type { Tally } from './tally.ts';

const addresses = [
  '/queues/a',
  '/queues/b%2Fc',
  '/queues/missing',
  '/queues/%',
  '/exchanges/amq.topic/k',
  '/exchanges/amq.direct',
  '/exchanges/amq.headers/%ff',
  '/exchange/amq.direct/k',
  '/topic/t',
  '/queue/a',
  '/amq/queue/a',
  '/management',
  'a',
  '',
];

const limits = {
  memoryBytesMax: Number.POSITIVE_INFINITY,
  bodyBytesMax: 1000,
  unfinishedBytesMax: 2000,
  pendingBytesMax: 4000,
};

/** Handlers that this dialect has. */
const handlers = frameHandlers.filter(
  (name) => !['attach coordinator', 'declare', 'discharge', 'transactionalState'].includes(name),
);

const methods = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', ''];
const paths = [
  '/queues/q',
  '/queues/',
  '/queues/a%00b',
  '/queues/q/messages',
  '/exchanges/e',
  '/exchanges/amq.direct',
  '/bindings',
  '/bindings/src=e;dstq=q;key=k;args=',
  '/bindings?src=e&dstq=q&key=k',
  '/bindings?src=e&dste=e&key=%zz',
  '/auth/tokens',
  '/',
  '',
];

const known: readonly (readonly [string, readonly Item[]])[] = [
  ['durable', [{ type: 'boolean', value: true }]],
  ['auto_delete', [{ type: 'boolean', value: false }]],
  ['exclusive', [{ type: 'boolean', value: true }]],
  ['type', [text('direct'), text('topic'), text('none')]],
  ['source', [text('e'), text('amq.direct')]],
  ['destination_queue', [text('q')]],
  ['destination_exchange', [text('e')]],
  ['binding_key', [text('k'), text('')]],
  ['arguments', [{ type: 'map', value: [] }]],
];

/** The fields of the bodies of requests to paths. */
const fields: readonly (readonly [string, readonly string[]])[] = [
  ['/queues', ['durable', 'auto_delete', 'exclusive', 'arguments']],
  ['/exchanges', ['durable', 'auto_delete', 'type', 'arguments']],
  ['/bindings', ['source', 'destination_queue', 'binding_key', 'arguments']],
];

/** The body of a request: mostly one that an operation can use. */
function requestBody(random: SeededRandom, path: string): Item {
  const own = random.oneIn(6) ? [] : (fields.find(([begin]) => path.startsWith(begin))?.[1] ?? []);
  if (random.oneIn(4)) return random.oneIn(2) ? { type: 'null', value: null } : randomItem(random);
  const value = known
    .filter(([key]) => own.length === 0 || own.includes(key))
    .filter(() => !random.oneIn(8))
    .map(([key, values]): readonly [Item, Item] => [
      text(key),
      random.oneIn(12) ? randomItem(random) : random.pick(values),
    ]);
  if (random.oneIn(8)) {
    const argument: readonly [Item, Item] = [
      text(random.pick(['x-max-length', 'x-a'])),
      randomItem(random),
    ];
    value.push([text('arguments'), { type: 'map', value: [argument] }]);
  }
  return { type: 'map', value };
}

const statuses = ['200', '201', '204', '400', '403', '404', '409'];

/** Requests to the management node are answered, or end what they must. */
async function fuzzManagement(random: SeededRandom, tally: Tally): Promise<void> {
  const b = await RabbitMqBroker.open('4.2', undefined, { limits });
  for (let left = 1 + random.below(3); left > 0; left--) {
    const peer = await b.client('c');
    const client = new ManagementClient(peer, () => b.sync());
    for (let requests = random.below(30); requests > 0 && !peer.isClosed; requests--) {
      const path = random.pick(paths);
      const isDamaged = random.oneIn(10);
      const to = isDamaged ? random.damaged(Buffer.from(path)).toString('latin1') : path;
      tally.input();
      try {
        const { status } = client.call(random.pick(methods), to, requestBody(random, path));
        assert.ok(statuses.includes(String(status)), `status ${String(status)}`);
        tally.reach(String(status));
      } catch (error) {
        if (error instanceof Error && /^\{|^no response/.test(error.message)) break;
        throw error;
      }
    }
    peer.connection.ended();
  }
  b.broker.tick();
  b.sync();
  await settled(b.broker);
  requireNothingHeld(b.broker, ({ options }) => !options.exclusive);
}

async function fuzzConnection(random: SeededRandom, tally: Tally): Promise<void> {
  const b = await RabbitMqBroker.open('4.2', undefined, { limits });
  b.declare('a', { 'x-dead-letter-exchange': { type: 'longstr', value: 'amq.fanout' } });
  b.declare('b/c', { 'x-max-length': { type: 'long', value: 5 } });
  const connect = () =>
    RandomClient.connect(new Amqp10Peer(b.broker, b.protocol), random, tally, addresses);
  const clients = [await connect(), await connect()];
  for (let left = 20 + random.below(100); left > 0; left--) {
    const at = random.below(2);
    const client = clients[at];
    if (random.oneIn(8)) client?.transfer(randomRequest(random), random.below(4));
    else client?.step();
    if (random.oneIn(4)) b.sync();
    if (random.oneIn(10)) b.broker.tick();
    if (client?.peer.isClosed !== true && !random.oneIn(50)) continue;
    client?.peer.connection.ended();
    clients[at] = await connect();
  }
  b.sync();
  for (const { peer } of clients) {
    peer.drain();
    peer.connection.ended();
  }
  b.broker.tick();
  b.sync();
  await settled(b.broker);
  requireNothingHeld(b.broker, ({ options }) => !options.exclusive);
}

function randomRequest(random: SeededRandom): Buffer {
  const path = random.pick(paths);
  const properties = {
    messageId: random.oneIn(8) ? undefined : text('1'),
    to: random.oneIn(8) ? undefined : text(path),
    subject: random.pick(methods),
    replyTo: text('$me'),
  };
  return encodeMessage({ properties, body: requestBody(random, path) });
}

/** A head of any kind is read, changed and converted. */
function fuzzHead(random: SeededRandom): void {
  const annotations = [
    [symbol('x-cc'), randomItem(random)],
    [symbol('x-opt-deaths'), randomItem(random)],
    [symbol('x-opt-delivery-delay'), randomItem(random)],
    [symbol('x-b'), randomItem(random)],
  ] as const;
  const marked = encodeMessage({ annotations, body: Buffer.alloc(0) });
  const whole = random.oneIn(2) ? marked : randomMessage(random, addresses);
  const head = random.oneIn(3) ? junk(random) : random.oneIn(2) ? random.damaged(whole) : whole;
  const properties = rabbitMqFormat.toProperties(viewOf({ head, body: junk(random) }, 2));
  requireHead(rabbitMqFormat.fromProperties(properties, 1_000_000).head);
}

function requireHead(head: Buffer): void {
  rabbitMqFormat.expiration(head, 0, head.length);
  rabbitMqFormat.headerCount(head, 0, head.length);
  const headers = rabbitMqFormat.headers(head, 0, head.length);
  rabbitMqFormat.dueHead?.(head, 0, head.length, 1, undefined);
  const deaths = {
    'x-death': headers['x-death'],
    'x-first-death-queue': { type: 'longstr', value: 'q' } as const,
  };
  const changed = rabbitMqFormat.deadLetterHead(head, 0, head.length, deaths);
  rabbitMqFormat.headers(changed, 0, changed.length);
}

/** Whole connections, requests to the management node, and stored heads. */
export const amqp10RabbitMqFuzzers: readonly Fuzzer[] = [
  { name: 'amqp10 rabbitmq heads', roundCount: 10_000, run: fuzzHead },
  {
    name: 'amqp10 rabbitmq management',
    roundCount: 150,
    handlers: ['200', '201', '204', '400', '404', '409'],
    run: fuzzManagement,
  },
  { name: 'amqp10 rabbitmq connection', roundCount: 150, handlers, run: fuzzConnection },
];
