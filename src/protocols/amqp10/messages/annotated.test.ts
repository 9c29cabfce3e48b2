import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Amqp10Broker,
  type Amqp10Peer,
  message,
  type ReceivedFrame,
} from '../../../../tests/support/amqp10-peer.ts';
import { Decoder } from '../codec/decoder.ts';
import type { Entry, Item } from '../codec/items.ts';
import { type Composite, compositeCodes, writeComposite } from '../codec/performatives.gen.ts';
import { annotationCountMax, headBytesMax } from '../limits.ts';
import { sections } from './sections.ts';
import { sectionsOf } from './stored-head.ts';

// Message annotations of the outcome modified.

const symbol = (value: string): Item => ({ type: 'symbol', value });
const text = (value: string): Item => ({ type: 'string', value });
const entry = (name: string, value: string): Entry => [symbol(name), text(value)];
const accepted: Composite = { code: compositeCodes.accepted };

function modified(annotations: readonly Entry[], more: object = {}): Composite {
  return { code: compositeCodes.modified, messageAnnotations: annotations, ...more };
}

const failed = { deliveryFailed: true };

/** A durable message with annotations and a text. */
function annotatedMessage(body: string, annotations: readonly Entry[] = []): Buffer {
  const durable: Item = { type: 'list', value: [{ type: 'boolean', value: true }] };
  return message(
    [sections.header, (w) => w.item(durable)],
    [sections.messageAnnotations, (w) => w.map(annotations)],
    [sections.applicationProperties, (w) => w.map([[text('n'), text('1')]])],
    [0x77, (w) => w.string(body)],
  );
}

const decoder = new Decoder();

/** What a client sees of a delivery. */
interface Seen {
  readonly body: string;
  readonly annotations: Readonly<Record<string, unknown>>;
  readonly count: number;
  readonly isFirst: boolean;
  readonly id: number;
}

/** Joins the frames of each delivery. */
function joined(frames: readonly ReceivedFrame[]): { id: number; payload: Buffer }[] {
  const found: { id: number; payload: Buffer }[] = [];
  let isMore = false;
  for (const { body, payload } of frames) {
    if (body?.code !== compositeCodes.transfer) continue;
    const last = found.at(-1);
    if (isMore && last !== undefined) last.payload = Buffer.concat([last.payload, payload]);
    else found.push({ id: body.deliveryId ?? -1, payload });
    isMore = body.more === true;
  }
  return found;
}

function seen({ id, payload }: { id: number; payload: Buffer }): Seen {
  const found = sectionsOf(payload, 0, payload.length);
  const valueIn = (code: number) => {
    const section = found.find((each) => each.code === code);
    return section && decoder.reset(payload, section.valueAt, section.end).item();
  };
  const header = valueIn(sections.header);
  const fields = header?.type === 'list' ? header.value : [];
  const map = valueIn(sections.messageAnnotations);
  const entries = map?.type === 'map' ? map.value : [];
  return {
    body: String(valueIn(0x77)?.value),
    annotations: Object.fromEntries(entries.map(([key, { value }]) => [String(key.value), value])),
    count: Number(fields[4]?.value ?? 0),
    isFirst: fields[3]?.value === true,
    id,
  };
}

const deliveries = (peer: Amqp10Peer): Seen[] => joined(peer.take()).map(seen);

/** A client that sends to a queue and receives from it. */
async function ready(b: Amqp10Broker, id = 'c1', queue = 'q'): Promise<Amqp10Peer> {
  const peer = await b.client(id);
  peer.attachSender('s', `queue://${queue}`);
  peer.attachReceiver('r', `queue://${queue}`);
  b.sync();
  peer.take();
  peer.flow(1, 1000);
  return peer;
}

async function settled(b: Amqp10Broker): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    const { background } = b.broker;
    if (background.isIdle && !background.isPending) return;
    await new Promise(setImmediate);
    b.sync();
  }
  throw new Error('the work does not end');
}

test('annotations are added to the message, replace those with the same key, and survive a restart', async () => {
  let b = await Amqp10Broker.open();
  let peer = await ready(b);
  peer.transfer(annotatedMessage('m', [entry('x-a', '1'), entry('x-b', '2')]));
  b.sync();
  const [first] = deliveries(peer);
  assert.deepEqual([first?.annotations, first?.count], [{ 'x-a': '1', 'x-b': '2' }, 0]);
  peer.settle(first?.id ?? -1, modified([entry('x-b', 'new'), entry('x-c', '3')], failed));
  await settled(b);
  const [second, ...others] = deliveries(peer);
  const annotations = { 'x-a': '1', 'x-b': 'new', 'x-c': '3' };
  assert.deepEqual(second, { body: 'm', annotations, count: 1, isFirst: false, id: second?.id });
  assert.deepEqual(others, []);
  peer.settle(second?.id ?? -1, modified([entry('x-c', '4')]));
  await settled(b);
  const [third] = deliveries(peer);
  assert.deepEqual(
    [third?.annotations, third?.count, third?.isFirst],
    [{ ...annotations, 'x-c': '4' }, 1, false],
  );
  // A release keeps what was added.
  peer.settle(third?.id ?? -1, { code: compositeCodes.released });
  b.sync();
  b = await Amqp10Broker.open({}, b);
  peer = await ready(b, 'c2');
  const [last, ...copies] = deliveries(peer);
  assert.deepEqual([last?.annotations, copies], [{ ...annotations, 'x-c': '4' }, []]);
  peer.settle(last?.id ?? -1, accepted);
  assert.equal(b.broker.vhost('/').queues.get('q')?.index.count, 0);
});

test('a message that is undeliverable here is dead-lettered with the annotations', async () => {
  const b = await Amqp10Broker.open();
  const peer = await ready(b);
  peer.transfer(annotatedMessage('m', [entry('x-a', '1')]));
  b.sync();
  const [first] = deliveries(peer);
  const here = { undeliverableHere: true, deliveryFailed: true };
  peer.settle(first?.id ?? -1, modified([entry('x-why', 'broken')], here));
  await settled(b);
  const dead = await ready(b, 'c2', 'ActiveMQ.DLQ');
  const [letter] = deliveries(dead);
  const { 'x-a': kept, 'x-why': added } = letter?.annotations ?? {};
  assert.deepEqual([letter?.body, kept, added], ['m', '1', 'broken']);
});

test('a message keeps its expiry when annotations are added', async () => {
  const b = await Amqp10Broker.open();
  const peer = await ready(b);
  const ttl: Item = {
    type: 'list',
    value: [
      { type: 'boolean', value: true },
      { type: 'null', value: null },
      { type: 'uint', value: 10_000 },
    ],
  };
  peer.transfer(message([sections.header, (w) => w.item(ttl)], [0x77, (w) => w.string('m')]));
  b.sync();
  const [first] = deliveries(peer);
  b.clock.advance(6000);
  peer.flow(1, 0, { deliveryCount: 1 });
  peer.settle(first?.id ?? -1, modified([entry('x', 'y')]));
  await settled(b);
  assert.equal(b.ready('q'), 1);
  b.clock.advance(6000);
  b.broker.tick();
  await settled(b);
  assert.equal(b.ready('q'), 0);
});

test('the annotations of a range are added to each of its messages, in bounded steps', async () => {
  const b = await Amqp10Broker.open();
  const peer = await ready(b);
  const count = 500;
  for (let n = 0; n < count; n++) peer.transfer(annotatedMessage(`${n}`));
  b.sync();
  assert.equal(deliveries(peer).length, count);
  peer.flow(1, 0, { deliveryCount: count });
  peer.settle(0, modified([entry('x', 'y')], failed), { last: count - 1, settled: false });
  const { queues } = b.broker.vhost('/');
  assert.ok((queues.get('q')?.disposal?.count ?? 0) <= 128);
  await settled(b);
  const answers = peer.take().filter(({ body }) => body?.code === compositeCodes.disposition);
  assert.equal(answers.length, 1);
  peer.flow(1, count, { deliveryCount: count });
  await settled(b);
  const again = deliveries(peer);
  assert.deepEqual(
    again.map(({ body }) => body),
    Array.from({ length: count }, (_, n) => `${n}`),
  );
  assert.ok(
    again.every(({ annotations, count: times }) => annotations['x'] === 'y' && times === 1),
  );
});

test('keys that are no symbols and too many annotations are refused, and the message stays', async () => {
  const b = await Amqp10Broker.open();
  for (const [annotations, condition] of [
    [[[text('x'), text('y')]], 'amqp:decode-error'],
    [
      Array.from({ length: annotationCountMax + 1 }, (_, n) => entry(`x${n}`, '')),
      'amqp:resource-limit-exceeded',
    ],
  ] as const) {
    const peer = await ready(b);
    peer.transfer(annotatedMessage('m', [entry('x', '1')]));
    b.sync();
    const [first] = deliveries(peer);
    peer.settle(first?.id ?? -1, modified(annotations));
    const answers = JSON.stringify(peer.bodies(), (_, value) =>
      typeof value === 'bigint' ? String(value) : value,
    );
    assert.ok(answers.includes(condition), answers);
    peer.connection.ended();
    await settled(b);
    const other = await ready(b, 'c2');
    const [left] = deliveries(other);
    assert.deepEqual(left?.annotations, { x: '1' });
    other.settle(left?.id ?? -1, accepted);
    other.connection.ended();
    await settled(b);
  }
});

test('annotations that make the head too large are left out', async () => {
  const b = await Amqp10Broker.open();
  const peer = await ready(b);
  peer.transfer(annotatedMessage('m'));
  b.sync();
  const part = 'x'.repeat(100_000);
  for (let n = 0; n < Math.ceil(headBytesMax / part.length) + 1; n++) {
    const [got] = deliveries(peer);
    assert.equal(got?.body, 'm');
    assert.equal(Object.keys(got.annotations).length, Math.min(n, 2));
    peer.settle(got.id, modified([entry(`x${n}`, part)]));
    await settled(b);
  }
});

test('annotations in a transaction are ignored', async () => {
  const b = await Amqp10Broker.open();
  const peer = await ready(b);
  peer.transfer(annotatedMessage('m', [entry('x', '1')]));
  b.sync();
  const [first] = deliveries(peer);
  peer.send({
    code: compositeCodes.attach,
    name: 'tx',
    handle: 5,
    role: false,
    source: { code: compositeCodes.source },
    target: { code: compositeCodes.coordinator, capabilities: ['amqp:local-transactions'] },
    initialDeliveryCount: 0,
  });
  const declare = message([0x77, (w) => writeComposite(w, { code: compositeCodes.declare })]);
  peer.transfer(declare, 5);
  b.sync();
  const declared = peer
    .bodies()
    .flatMap((body) => (body?.code === compositeCodes.disposition ? [body.state] : []))
    .find((state) => state?.code === compositeCodes.declared);
  assert.ok(declared?.code === compositeCodes.declared);
  const { txnId } = declared;
  const outcome = modified([entry('x', '2')], failed);
  peer.settle(first?.id ?? -1, { code: compositeCodes.transactionalState, txnId, outcome });
  const discharge = { code: compositeCodes.discharge, txnId, fail: false } as const;
  peer.transfer(message([0x77, (w) => writeComposite(w, discharge)]), 5);
  await settled(b);
  const [again] = deliveries(peer);
  assert.deepEqual([again?.annotations, again?.count], [{ x: '1' }, 1]);
});
