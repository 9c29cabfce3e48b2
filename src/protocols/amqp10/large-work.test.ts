import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Amqp10Broker,
  frameBytes,
  message,
  type ReceivedFrame,
  textMessage,
} from '../../../tests/support/amqp10-peer.ts';
import { activeMqOf } from '../../broker/activemq/activemq.ts';
import { Subscription } from '../../broker/subscription.ts';
import { type Composite, compositeCodes, writeComposite } from './codec/performatives.gen.ts';
import { filterCountMax, framesPerTurnMax } from './limits.ts';
import { RefusedLink } from './links/link.ts';
import type { Session } from './session.ts';

// Work that a peer can cause with a few frames takes several turns, and nothing large is kept.

const accepted: Composite = { code: compositeCodes.accepted };
const turn = () => new Promise((resolve) => setImmediate(resolve));

function dispositions(frames: readonly ReceivedFrame[]) {
  return frames.flatMap(({ body }) =>
    body?.code === compositeCodes.disposition && !body.role ? [body] : [],
  );
}

/** Waits until the broker has no work left. */
async function idle({ broker }: Amqp10Broker): Promise<void> {
  for (let turns = 0; turns < 10_000 && !broker.background.isIdle; turns++) await turn();
  assert.ok(broker.background.isIdle);
}

/** A peer that has received many messages and settled none. */
async function withDeliveries(count: number, more: Partial<{ turnMs: () => number }> = {}) {
  const b = await Amqp10Broker.open({}, undefined, more);
  const peer = await b.client('c1');
  peer.attachSender('s', 'queue://q');
  b.sync();
  for (let left = count; left > 0; left--) {
    peer.transfer(textMessage('x'), 0, { settled: true });
    if (left % 100 === 0) await turn();
  }
  peer.attachReceiver('r', 'queue://q', 1);
  b.sync();
  peer.flow(1, count);
  const frames: ReceivedFrame[] = [];
  for (let turns = 0; turns < 1000 && frames.length < count; turns++) {
    await turn();
    frames.push(...peer.take().filter(({ body }) => body?.code === compositeCodes.transfer));
  }
  assert.equal(frames.length, count);
  return { b, peer };
}

test('dispositions of many separate deliveries are answered in several turns, without peer text', async () => {
  // The clock stands still, so that only the units limit a turn.
  const count = 6000;
  const { b, peer } = await withDeliveries(count, { turnMs: () => 0 });
  for (let id = 0; id < count; id += 2) {
    peer.settle(id, accepted);
    if (id % 100 === 0) await turn();
  }
  await idle(b);
  peer.take();
  const error = { code: compositeCodes.error, condition: 'amqp:x', description: 'y'.repeat(5000) };
  const state = { code: compositeCodes.rejected, error } as const;
  peer.send({
    code: compositeCodes.disposition,
    role: true,
    first: 0,
    last: 0xffff_ffff,
    settled: false,
    state,
  });
  const atOnce = dispositions(peer.take());
  assert.ok(atOnce.length < count / 4, `${atOnce.length} answers in one turn`);
  await idle(b);
  const all = [...atOnce, ...dispositions(peer.take())];
  assert.equal(all.length, count / 2);
  for (const { state: told } of all) {
    assert.ok(told?.code === compositeCodes.rejected && told.error === undefined);
  }
});

test('dispositions that match only transactional deliveries are limited too', async () => {
  const { b, peer } = await withDeliveries(5000);
  peer.attachSender('coordinator', undefined, 5, { target: { code: compositeCodes.coordinator } });
  peer.take();
  peer.transfer(command({ code: compositeCodes.declare }), 5);
  const [declared] = peer
    .take()
    .flatMap(({ body }) => (body?.code === compositeCodes.disposition ? [body] : []));
  assert.ok(declared?.state?.code === compositeCodes.declared);
  const { txnId } = declared.state;
  const within = { code: compositeCodes.transactionalState, txnId, outcome: accepted } as const;
  const range = { first: 0, last: 0xffff_ffff, role: true } as const;
  peer.send({ code: compositeCodes.disposition, ...range, settled: true, state: within });
  await idle(b);
  // Each passes 5,000 deliveries, which takes more than 300 units of a turn's 4,096.
  const again = { code: compositeCodes.disposition, ...range, settled: true, state: accepted };
  peer.receive(Buffer.concat(Array.from({ length: 20 }, () => frameBytes(0, again))));
  assert.ok(peer.isPaused, 'the next frame waits for another turn');
  peer.transfer(command({ code: compositeCodes.discharge, txnId, fail: true }), 5);
  await idle(b);
  const [outcome] = peer
    .take()
    .flatMap(({ body }) => (body?.code === compositeCodes.disposition ? [body] : []));
  assert.deepEqual(outcome?.state, accepted);
  assert.equal(b.ready('q'), 5000, 'deliveries that the peer has settled return by the rollback');
});

test('a flow visits only its link, and all links are woken when the peer reads again', async (t) => {
  const linkCount = 300;
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  for (let n = 0; n < linkCount; n++) peer.attachReceiver(`r${n}`, `queue://q${n}`, n);
  b.sync();
  for (let n = 0; n < linkCount; n++) peer.flow(n, 10);
  await idle(b);
  peer.take();
  const wake = t.mock.method(Subscription.prototype, 'wake');
  for (let n = 0; n < 10; n++) peer.flow(7, 10 + n);
  assert.ok(wake.mock.callCount() <= 40, `${wake.mock.callCount()} visits`);
  // Messages come while the peer does not read, and all of them when it does.
  peer.takesMore = false;
  const sender = await b.client('c2');
  for (let n = 0; n < linkCount; n++) {
    sender.attachSender(`s${n}`, `queue://q${n}`, n);
    b.sync();
    sender.transfer(textMessage('late'), n, { settled: true });
    if (n % 50 === 0) await turn();
  }
  peer.drain();
  await idle(b);
  const late = peer.take().filter(({ payload }) => payload.includes('late'));
  assert.equal(late.length, linkCount);
});

test('a large message is written over several turns for a peer with small frames', async () => {
  const b = await Amqp10Broker.open();
  const peer = await b.client('c1', { maxFrameSize: 512 });
  peer.begin(1, 1_000_000);
  const sender = await b.client('c2');
  sender.attachSender('s', 'queue://q');
  b.sync();
  const text = 'z'.repeat(1_500_000);
  const bytes = message([0x77, (w) => w.string(text)]);
  for (let at = 0; at < bytes.length; at += 100_000) {
    const more = at + 100_000 < bytes.length;
    sender.transfer(bytes.subarray(at, at + 100_000), 0, { deliveryId: 0, settled: true, more });
  }
  peer.send(
    {
      code: compositeCodes.attach,
      name: 'r',
      handle: 1,
      role: true,
      source: { code: compositeCodes.source, address: { type: 'string', value: 'queue://q' } },
      target: { code: compositeCodes.target },
    },
    1,
  );
  b.sync();
  peer.take();
  peer.send(flowOf(1, 1), 1);
  const frames = peer.take();
  const atOnce = frames.length;
  assert.ok(atOnce <= framesPerTurnMax + 1, `${atOnce} frames in one turn`);
  for (let turns = 0; turns < 100 && payloadLength(frames) < text.length; turns++) {
    await turn();
    frames.push(...peer.take());
  }
  const whole = Buffer.concat(frames.map(({ payload }) => payload));
  assert.ok(whole.subarray(-text.length).equals(Buffer.from(text)));
  const more = frames.flatMap(({ body }) =>
    body?.code === compositeCodes.transfer ? [body.more === true] : [],
  );
  assert.deepEqual([more.at(-1), more.filter((each) => !each).length], [false, 1]);
});

test('a refused link does not keep its name, and the filters of a source are limited', async () => {
  const name = 'n'.repeat(100_000);
  const attach = { code: compositeCodes.attach, name, handle: 1, role: true } as const;
  assert.equal(new RefusedLink({} as Session, attach).name, ''); // the session is only kept
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  const filter = Array.from({ length: filterCountMax + 1 }, (_, n) => [
    { type: 'symbol', value: `f${n}` },
    {
      type: 'described',
      descriptor: { type: 'ulong', value: 0x0000_468c_0000_0004n },
      value: { type: 'string', value: 'a = 1' },
    },
  ]);
  peer.attachReceiver('r', 'queue://q', 1, { filter });
  b.sync();
  const detach = peer.bodies().at(-1);
  assert.ok(detach?.code === compositeCodes.detach && detach.error?.code === compositeCodes.error);
  assert.equal(detach.error.condition, 'amqp:invalid-field');
});

test('deleted dynamic nodes are removed, and listeners are notified', async () => {
  const b = await Amqp10Broker.open();
  const { temporaries } = activeMqOf(b.broker);
  const told: string[] = [];
  temporaries.listen(({ kind }, exists) => told.push(`${kind} ${exists}`));
  const peer = await b.client();
  const source = { code: compositeCodes.source, dynamic: true } as const;
  for (const capabilities of [['temporary-queue'], ['temporary-topic']]) {
    peer.attachReceiver('r', 'x', 1, { ...source, address: undefined, capabilities });
    b.sync();
    peer.send({ code: compositeCodes.detach, handle: 1, closed: true });
    b.sync();
  }
  const kinds = ['temporary-queue', 'temporary-topic'] as const;
  assert.deepEqual(
    kinds.flatMap((kind) => [...temporaries.all(kind)]),
    [],
  );
  assert.deepEqual(
    told,
    kinds.flatMap((kind) => [`${kind} true`, `${kind} false`]),
  );
});

function command(composite: Composite): Buffer {
  return message([0x77, (w) => writeComposite(w, composite)]);
}

function flowOf(handle: number, linkCredit: number): Composite {
  return {
    code: compositeCodes.flow,
    nextIncomingId: 0,
    incomingWindow: 1_000_000,
    nextOutgoingId: 0,
    outgoingWindow: 1000,
    handle,
    deliveryCount: 0,
    linkCredit,
  };
}

function payloadLength(frames: readonly ReceivedFrame[]): number {
  return frames.reduce((sum, { payload }) => sum + payload.length, 0);
}
