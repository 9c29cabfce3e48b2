import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Amqp10Peer } from '../../../../tests/support/amqp10-peer.ts';
import {
  encodeMessage,
  RabbitMqBroker,
  readMessage,
  symbol,
  text,
} from '../../../../tests/support/amqp10-rabbitmq.ts';
import { bodies, shownAll } from '../../../../tests/support/amqp10-shown.ts';
import { compositeCodes } from '../codec/performatives.gen.ts';

async function opened(engineVersion?: string): Promise<[RabbitMqBroker, Amqp10Peer]> {
  const b = await RabbitMqBroker.open(engineVersion);
  return [b, await b.client()];
}

test('outcomes requeue, dead-letter and annotate', async () => {
  const [b, peer] = await opened();
  b.declare('dead');
  b.declare('q', {
    'x-dead-letter-exchange': { type: 'longstr', value: '' },
    'x-dead-letter-routing-key': { type: 'longstr', value: 'dead' },
  });
  peer.attachSender('s', '/queues/q');
  peer.attachReceiver('r', '/queues/q');
  peer.attachReceiver('d', '/queues/dead', 2);
  peer.flow(1, 100);
  peer.flow(2, 100);
  peer.take();
  const next = () => {
    const frame = peer.take().find(({ body }) => body?.code === compositeCodes.transfer);
    assert.ok(frame?.body?.code === compositeCodes.transfer);
    return {
      handle: frame.body.handle,
      id: frame.body.deliveryId ?? -1,
      ...readMessage(frame.payload),
    };
  };
  peer.transfer(encodeMessage({ header: { durable: true, ttl: 100_000 }, body: 'm' }));
  const first = next();
  peer.settle(first.id, { code: compositeCodes.released });
  const second = next();
  assert.deepEqual((second as Record<string, unknown>)['header'], [true, null, 100_000, false, 0]);
  peer.settle(second.id, { code: compositeCodes.modified, deliveryFailed: true });
  const third = next();
  assert.equal(((third as Record<string, unknown>)['header'] as unknown[])[4], 1, 'delivery-count');
  peer.settle(third.id, {
    code: compositeCodes.modified,
    messageAnnotations: [[symbol('x-opt-reason'), text('busy')]],
  });
  const fourth = next() as Record<string, unknown> & { id: number };
  assert.equal((fourth['annotations'] as Record<string, unknown>)['x-opt-reason'], 'busy');
  peer.settle(fourth.id, { code: compositeCodes.rejected });
  b.sync();
  const letter = next() as Record<string, unknown> & { handle: number };
  assert.equal(letter.handle, 2);
  const annotations = letter['annotations'] as Record<string, unknown>;
  assert.equal(annotations['x-opt-reason'], 'busy');
  assert.equal(annotations['x-first-death-reason'], 'rejected');
  assert.equal(annotations['x-routing-key'], 'dead');
  const [death] = annotations['x-opt-deaths'] as Record<string, unknown>[];
  assert.deepEqual(
    [
      death?.['queue'],
      death?.['reason'],
      death?.['count'],
      death?.['ttl'],
      death?.['routing-keys'],
    ],
    ['q', 'rejected', 1n, 100_000, ['q']],
  );
  assert.deepEqual(
    letter['header'],
    [true, null, null, false, 0],
    'no time to live, not the first',
  );
});

test('credit and drain are those of the link, and flows state what is available', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  peer.attachSender('s', '/queues/q');
  peer.attachReceiver('r', '/queues/q');
  peer.take();
  for (const body of ['1', '2', '3']) peer.transfer(encodeMessage({ body }));
  peer.take();
  peer.flow(1, 1, { echo: true });
  const frames = peer.take();
  assert.deepEqual(bodies(frames), ['1']);
  peer.flow(1, 0, { deliveryCount: 1, echo: true });
  const [flow] = peer.bodies();
  assert.ok(flow?.code === compositeCodes.flow);
  assert.deepEqual([flow.linkCredit, flow.available], [0, 2]);
  peer.flow(1, 10, { deliveryCount: 1, drain: true });
  const drained = peer.take();
  assert.deepEqual(bodies(drained), ['2', '3']);
  const last = drained.at(-1)?.body;
  assert.ok(last?.code === compositeCodes.flow);
  assert.deepEqual([last.linkCredit, last.deliveryCount, last.drain], [0, 11, true]);
});

test('messages go back when their link or connection ends', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  peer.attachSender('s', '/queues/q');
  peer.attachReceiver('r', '/queues/q');
  peer.flow(1, 10);
  peer.transfer(encodeMessage({ body: 'm' }));
  assert.deepEqual(bodies(peer.take()), ['m']);
  peer.send({ code: compositeCodes.detach, handle: 1, closed: true });
  assert.deepEqual(shownAll(peer.take()), ['detach']);
  assert.equal(b.ready('q'), 1);
  peer.attachReceiver('r', '/queues/q');
  peer.flow(1, 10);
  peer.take();
  peer.connection.ended();
  const other = await b.client('c2');
  other.attachReceiver('r', '/queues/q');
  other.flow(1, 10);
  const [frame] = other.take().filter(({ body }) => body?.code === compositeCodes.transfer);
  const header = readMessage(frame?.payload ?? Buffer.alloc(0))['header'] as unknown[];
  assert.deepEqual(header.slice(3), [false, 1], 'a lost connection counts as a failed delivery');
  assert.equal(b.broker.vhost('/').queues.get('q')?.consumerCount, 1);
});

test('links to a deleted queue are detached', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  peer.attachSender('s', '/queues/q');
  peer.attachReceiver('r', '/queues/q');
  peer.take();
  b.broker.vhost('/').deleteQueue('q', undefined, { ifUnused: false, ifEmpty: false });
  assert.match(shownAll(peer.take()).at(-1) ?? '', /^detach amqp:resource-deleted/);
  peer.transfer(encodeMessage({}));
  assert.deepEqual(shownAll(peer.take()), [
    'disposition released',
    "detach amqp:resource-deleted: queue 'q' in vhost '/' was deleted",
  ]);
});

test('a full queue that rejects publishes is named in the outcome', async () => {
  const [b, peer] = await opened();
  b.declare('q', {
    'x-max-length': { type: 'long', value: 1 },
    'x-overflow': { type: 'longstr', value: 'reject-publish' },
  });
  peer.attachSender('s', '/queues/q');
  peer.take();
  for (let n = 0; n < 2; n++) peer.transfer(encodeMessage({ header: { durable: true } }));
  b.sync();
  assert.deepEqual(shownAll(peer.take()).toSorted(), [
    'disposition accepted',
    "disposition rejected amqp:resource-limit-exceeded: queue 'q' exceeded maximum length",
  ]);
});

test('a malformed message ends its link, and one without a body too', async () => {
  const [b, peer] = await opened();
  b.declare('q');
  peer.attachSender('s', '/queues/q');
  peer.attachSender('s2', '/queues/q', 2);
  peer.take();
  peer.transfer(Buffer.from('junk'));
  assert.match(
    shownAll(peer.take()).at(-1) ?? '',
    /^detach amqp:decode-error: failed to parse message/,
  );
  peer.transfer(encodeMessage({ header: { durable: true } }).subarray(0, 5), 2);
  assert.match(shownAll(peer.take()).at(-1) ?? '', /^detach amqp:decode-error/);
  assert.equal(b.ready('q'), 0);
});

test('dynamic nodes are exclusive queues that end with their link', async () => {
  const [b, peer] = await opened();
  const dynamic = { dynamic: true, address: undefined, capabilities: ['temporary-queue'] };
  peer.attachReceiver('replies', '', 1, dynamic);
  b.sync();
  const [attach] = peer.bodies();
  assert.ok(
    attach?.code === compositeCodes.attach && attach.source?.code === compositeCodes.source,
  );
  const address = String(attach.source.address?.value);
  assert.match(address, /^\/queues\/amq\.dyn-c1-replies-/);
  const other = await b.client('c2');
  other.attachReceiver('r', address);
  assert.match(
    shownAll(other.take())[1] ?? '',
    /^detach amqp:resource-locked: cannot obtain exclusive/,
  );
  other.attachSender('s', address, 2);
  other.take();
  peer.flow(1, 10);
  other.transfer(encodeMessage({ body: 'reply' }), 2);
  assert.deepEqual(bodies(peer.take()), ['reply']);
  peer.send({ code: compositeCodes.detach, handle: 1, closed: true });
  assert.equal(b.broker.vhost('/').queues.size, 0);
  peer.attachReceiver('none', '', 3, { dynamic: true, address: undefined });
  assert.match(shownAll(peer.take()).at(-1) ?? '', /^detach amqp:not-implemented: Dynamic source/);
});

test('further routing keys are in the annotation x-cc', async () => {
  const [b, peer] = await opened();
  for (const queue of ['a', 'b', 'c']) b.declare(queue);
  peer.attachSender('s', '/queues/a');
  peer.take();
  const cc = (value: unknown) => [[symbol('x-cc'), value]] as never;
  peer.transfer(
    encodeMessage({ annotations: cc({ type: 'list', value: [text('b'), text('c')] }) }),
  );
  b.sync();
  assert.deepEqual(shownAll(peer.take()), ['disposition accepted']);
  assert.deepEqual(
    ['a', 'b', 'c'].map((queue) => b.ready(queue)),
    [1, 1, 1],
  );
  peer.transfer(encodeMessage({ annotations: cc(text('b')) }));
  assert.match(
    shownAll(peer.take()).at(-1) ?? '',
    /^detach amqp:invalid-field: bad value for 'x-cc'/,
  );
});

test('a message without durability is transient from 4.x on, and durable in 3.13', async () => {
  for (const [version, isDurable] of [
    ['3.13', true],
    ['4.2', false],
  ] as const) {
    const b = await RabbitMqBroker.open(version);
    b.declare('q');
    const peer = await b.client();
    peer.attachSender('s', '/queues/q');
    peer.attachReceiver('r', '/queues/q');
    peer.flow(1, 10);
    peer.transfer(encodeMessage({}));
    const frame = peer.take().find(({ body }) => body?.code === compositeCodes.transfer);
    const header = readMessage(frame?.payload ?? Buffer.alloc(0))['header'] as unknown[];
    assert.equal(header[0], isDurable, version);
  }
});

test('a dynamic node that its link may not use is not created', async () => {
  const b = await RabbitMqBroker.open();
  b.broker.setPermission('bob', '/', { configure: '.*', write: '^$', read: '^$' });
  const dynamic = { dynamic: true, address: undefined, capabilities: ['temporary-queue'] };
  const receiver = await b.client('c1');
  receiver.attachReceiver('r', '', 1, dynamic);
  const sender = await b.client('c2');
  const target = { code: compositeCodes.target, ...dynamic };
  sender.attachSender('s', undefined, 1, { target });
  for (const peer of [receiver, sender]) {
    const ended = peer.bodies().find((body) => body?.code === compositeCodes.end);
    assert.ok(ended !== undefined, 'the session ends');
  }
  assert.deepEqual([...b.broker.vhost('/').queues.keys()], []);
});

test('deliveries with large annotations take several turns', async () => {
  const b = await RabbitMqBroker.open();
  b.declare('q');
  const peer = await b.client();
  peer.attachSender('s', '/queues/q', 0);
  const value = text('x'.repeat(1000));
  const annotations = Array.from({ length: 60 }, (_, at) => [symbol(`x-${at}`), value] as const);
  for (let n = 0; n < 8; n++) peer.transfer(encodeMessage({ annotations }), 0, { settled: true });
  b.sync();
  peer.attachReceiver('r', '/queues/q', 1, {}, { sndSettleMode: 1 });
  peer.take();
  const transferCount = () =>
    peer.bodies().filter((body) => body?.code === compositeCodes.transfer).length;
  peer.flow(1, 100);
  const atOnce = transferCount();
  assert.ok(atOnce > 0 && atOnce < 8, `${atOnce} deliveries in one turn`);
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(atOnce + transferCount(), 8);
});

test('with RabbitMQ 4.3, a message that is modified with a time is delivered again at that time', async () => {
  for (const [engineVersion, delayedCount] of [
    ['4.3', 1],
    ['4.2', 0],
  ] as const) {
    const [b, peer] = await opened(engineVersion);
    b.declare('q', { 'x-queue-type': { type: 'longstr', value: 'quorum' } });
    peer.attachSender('s', '/queues/q');
    peer.attachReceiver('r', '/queues/q');
    peer.flow(1, 100);
    peer.transfer(encodeMessage({ body: 'm' }));
    peer.take();
    peer.settle(0, {
      code: compositeCodes.modified,
      messageAnnotations: [
        [
          symbol('x-opt-delivery-time'),
          { type: 'timestamp', value: BigInt(b.inner.broker.turns.nowMs() + 5000) },
        ],
      ],
    });
    const queue = b.inner.broker.vhost('/').queue('q', undefined);
    assert.equal(queue.delayed?.count ?? 0, delayedCount, engineVersion);
    assert.equal(queue.index.count, 1);
  }
});
