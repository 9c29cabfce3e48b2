import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Amqp10Broker,
  type Amqp10Peer,
  message,
  type ReceivedFrame,
  textMessage,
} from '../../../tests/support/amqp10-peer.ts';
import type { Item } from './codec/items.ts';
import { type Composite, compositeCodes } from './codec/performatives.gen.ts';

const accepted: Composite = { code: compositeCodes.accepted };
const failed: Composite = { code: compositeCodes.modified, deliveryFailed: true };
const text = (value: string): Item => ({ type: 'string', value });
const symbol = (value: string): Item => ({ type: 'symbol', value });

/** The texts of the messages among frames. */
function texts(frames: readonly ReceivedFrame[]): string[] {
  return frames.flatMap(({ body, payload }) => {
    if (body?.code !== compositeCodes.transfer) return [];
    const end = payload.length;
    const at = payload.lastIndexOf(Buffer.of(0xa1));
    return [payload.toString('utf8', at + 2, end)];
  });
}

/** The frames of a kind, with their fields. */
function all<C extends Composite['code']>(frames: readonly ReceivedFrame[], code: C) {
  return frames.flatMap(({ body }) =>
    body?.code === code ? [body as Extract<Composite, { code: C }>] : [],
  );
}

/** The condition of the only detach, and whether the attach before it has no terminus. */
function refusal(frames: readonly ReceivedFrame[]): string {
  const [attach] = all(frames, compositeCodes.attach);
  const [detach] = all(frames, compositeCodes.detach);
  assert.ok(attach !== undefined && detach?.closed === true);
  assert.equal(attach.role ? attach.target : attach.source, undefined);
  assert.ok(detach.error?.code === compositeCodes.error);
  return detach.error.condition;
}

async function ready(): Promise<{ b: Amqp10Broker; peer: Amqp10Peer }> {
  const b = await Amqp10Broker.open();
  const peer = await b.client();
  return { b, peer };
}

/** Attaches a receiver that the broker has answered. */
function receive(
  b: Amqp10Broker,
  peer: Amqp10Peer,
  name: string,
  address: string,
  handle = 1,
  source: object = {},
  more: object = {},
) {
  peer.attachReceiver(name, address, handle, source, more);
  b.sync();
  return peer.take();
}

test('a link that cannot be attached is answered without a terminus and detached', async () => {
  const { peer } = await ready();
  const rows: readonly (readonly [string, object, string])[] = [
    ['', {}, 'amqp:invalid-field'],
    ['queue://a?consumer.unknown=1', {}, 'amqp:invalid-field'],
    ['temp-queue://ID:nobody:1', {}, 'amqp:not-found'],
    ['queue://amq.subscription.x', {}, 'amqp:unauthorized-access'],
    [`queue://${'x'.repeat(300)}`, {}, 'amqp:invalid-field'],
    [
      'topic://t',
      { durable: 2, distributionMode: 'copy', address: undefined },
      'amqp:invalid-field',
    ],
  ];
  rows.forEach(([address, source, condition], handle) => {
    peer.attachReceiver(`r${handle}`, address, handle, source);
    assert.equal(refusal(peer.take()), condition, address);
  });
  peer.attachSender('s', 'queue://a.*', 100);
  assert.equal(refusal(peer.take()), 'amqp:precondition-failed');
  peer.attachSender('t', undefined, 101, { target: undefined });
  assert.equal(refusal(peer.take()), 'amqp:invalid-field');
  peer.attachSender('n'.repeat(2000), 'queue://a', 102);
  assert.equal(refusal(peer.take()), 'amqp:invalid-field');
  // The handle is free after the peer has answered.
  peer.send({ code: compositeCodes.detach, handle: 0, closed: true });
  peer.attachSender('again', 'queue://a', 0);
  assert.equal(all(peer.take(), compositeCodes.attach)[0]?.target?.code, compositeCodes.target);
});

test('an address without a prefix is resolved by the terminus capability', async () => {
  const { b, peer } = await ready();
  receive(b, peer, 'q', 'plain', 1);
  receive(b, peer, 't', 'plain', 2, { capabilities: ['topic'] });
  peer.flow(1, 10);
  peer.flow(2, 10);
  peer.attachSender('s', 'plain', 3, {
    target: { code: compositeCodes.target, address: text('plain'), capabilities: ['topic'] },
  });
  b.sync();
  peer.take();
  peer.transfer(textMessage('to the topic'), 3);
  const [transfer] = all(peer.take(), compositeCodes.transfer);
  assert.equal(transfer?.handle, 2);
});

test('flow: a link never exceeds its credit and counts transfers in flight', async () => {
  const { b, peer } = await ready();
  peer.attachSender('s', 'queue://q');
  for (let n = 0; n < 10; n++) peer.transfer(textMessage(`m${n}`));
  receive(b, peer, 'r', 'queue://q');
  peer.flow(1, 3);
  assert.equal(texts(peer.take()).length, 3);
  // The peer has seen one of the three when it grants four.
  peer.flow(1, 4, { deliveryCount: 1 });
  assert.equal(texts(peer.take()).length, 2);
  peer.flow(1, 0, { deliveryCount: 5, echo: true });
  const [flow] = all(peer.take(), compositeCodes.flow);
  assert.deepEqual([flow?.deliveryCount, flow?.linkCredit, flow?.handle], [5, 0, 1]);
});

test('drain: available messages are sent and the remaining credit is used up', async () => {
  const { b, peer } = await ready();
  receive(b, peer, 'r', 'queue://q');
  const drain = (credit: number, deliveryCount: number) => {
    peer.flow(1, credit, { deliveryCount, drain: true });
    const frames = peer.take();
    const [flow] = all(frames, compositeCodes.flow);
    return [texts(frames).length, flow?.deliveryCount, flow?.linkCredit];
  };
  assert.deepEqual(drain(5, 0), [0, 5, 0]);
  assert.deepEqual(drain(0, 5), [0, 5, 0]);
  peer.attachSender('s', 'queue://q');
  for (let n = 0; n < 3; n++) peer.transfer(textMessage(`m${n}`));
  peer.take();
  assert.deepEqual(drain(2, 5), [2, 7, 0]);
  assert.deepEqual(drain(5, 7), [1, 12, 0]);
  // A drain over several queues and a browser.
  receive(b, peer, 'w', 'queue://q,queue://other', 2);
  peer.flow(2, 4, { drain: true });
  assert.equal(all(peer.take(), compositeCodes.flow)[0]?.deliveryCount, 4);
  receive(b, peer, 'b', 'queue://q', 3, { distributionMode: 'copy' });
  peer.flow(3, 10, { drain: true });
  const frames = peer.take();
  assert.deepEqual([texts(frames).length, all(frames, compositeCodes.flow)[0]?.linkCredit], [3, 0]);
});

test('outcomes: each is applied as specified, and the broker settles unsettled dispositions', async () => {
  const { b, peer } = await ready();
  peer.attachSender('s', 'queue://q');
  receive(b, peer, 'r', 'queue://q');
  peer.flow(1, 1000);
  let id = 0;
  const outcome = (state: Composite | undefined, more: object = {}) => {
    peer.transfer(textMessage('m', true));
    b.sync();
    const first = texts(peer.take()).length;
    assert.equal(first, 1);
    peer.settle(id++, state, more);
    b.sync();
    const frames = peer.take();
    const back = all(frames, compositeCodes.transfer);
    const [settled] = all(frames, compositeCodes.disposition).filter(({ role }) => !role);
    const payload = frames.find(({ body }) => body?.code === compositeCodes.transfer)?.payload;
    if (back.length > 0) peer.settle(id++, accepted);
    // The last field of the header is the delivery-count, after `first-acquirer`.
    const count =
      payload === undefined ? undefined : payload.toString('hex', 5, 5 + (payload[4] ?? 0));
    return [back.length, b.ready('ActiveMQ.DLQ') ?? 0, settled?.settled, count?.slice(-2)];
  };
  assert.deepEqual(outcome(accepted), [0, 0, undefined, undefined]);
  assert.deepEqual(outcome(accepted, { settled: false }), [0, 0, true, undefined]);
  // 0x43 is 0.
  assert.deepEqual(outcome({ code: compositeCodes.released }), [1, 0, undefined, '43']);
  assert.deepEqual(outcome(failed), [1, 0, undefined, '01']);
  assert.deepEqual(outcome({ code: compositeCodes.modified }), [1, 0, undefined, '43']);
  assert.deepEqual(outcome({ code: compositeCodes.rejected }), [0, 1, undefined, undefined]);
  const here: Composite = { code: compositeCodes.modified, undeliverableHere: true };
  assert.deepEqual(outcome(here), [0, 2, undefined, undefined]);
  assert.deepEqual(outcome(undefined), [1, 2, undefined, '43']);
  // `received` is no outcome.
  peer.transfer(textMessage('m'));
  peer.take();
  const received: Composite = {
    code: compositeCodes.received,
    sectionNumber: 0,
    sectionOffset: 0n,
  };
  peer.settle(id, received, { settled: false });
  assert.deepEqual(peer.take(), []);
  peer.settle(id, accepted);
  assert.equal(b.ready('q'), 0);
});

test('a detached link requeues its deliveries, and only a lost one increases the delivery count', async () => {
  const b = await Amqp10Broker.open();
  const countAfter = async (end: (peer: Amqp10Peer) => void, source: object = {}) => {
    const peer = await b.client('c1');
    peer.attachSender('s', 'queue://q');
    peer.transfer(textMessage('m'));
    receive(b, peer, 'r', 'queue://q', 1, source);
    peer.flow(1, 1);
    assert.equal(texts(peer.take()).length, 1);
    end(peer);
    peer.connection.ended();
    const next = await b.client('c2');
    receive(b, next, 'r', 'queue://q');
    next.flow(1, 1);
    const [frame] = next.take();
    assert.ok(frame !== undefined);
    next.settle(0, accepted);
    next.connection.ended();
    return frame.payload[(frame.payload[4] ?? 0) + 4];
  };
  const detach = (closed: boolean) => (peer: Amqp10Peer) =>
    peer.send({ code: compositeCodes.detach, handle: 1, closed });
  assert.equal(await countAfter(detach(true)), 0x43);
  assert.equal(await countAfter(detach(false)), 0x43);
  assert.equal(await countAfter((peer) => peer.send({ code: compositeCodes.end })), 0x43);
  assert.equal(await countAfter((peer) => peer.send({ code: compositeCodes.close })), 0x43);
  assert.equal(await countAfter(() => {}), 1);
  assert.equal(await countAfter(detach(true), { defaultOutcome: failed }), 1);
  const released = { defaultOutcome: { code: compositeCodes.released } };
  assert.equal(await countAfter(() => {}, released), 0x43);
});

test('a durable subscription belongs to its link name, survives a detach and ends with a close', async () => {
  const { b, peer } = await ready();
  const durable = { durable: 2, expiryPolicy: 'never' };
  const [attach] = all(receive(b, peer, 'sub', 'topic://t', 1, durable), compositeCodes.attach);
  assert.ok(attach?.source?.code === compositeCodes.source);
  assert.deepEqual(
    [attach.source.durable, attach.source.expiryPolicy, attach.source.distributionMode],
    [2, 'never', 'copy'],
  );
  peer.send({ code: compositeCodes.detach, handle: 1 });
  peer.attachSender('s', 'topic://t');
  peer.transfer(textMessage('missed', true));
  b.sync();
  peer.take();
  // Attached by its name alone, a client finds out what it is.
  peer.attachReceiver('sub', '', 1, {}, { source: undefined });
  const [found] = all(peer.take(), compositeCodes.attach);
  assert.ok(found?.source?.code === compositeCodes.source);
  assert.deepEqual(found.source.address, text('topic://t'));
  peer.send({ code: compositeCodes.detach, handle: 1, closed: false });
  receive(b, peer, 'sub', 'topic://t', 1, durable);
  peer.flow(1, 10);
  assert.deepEqual(texts(peer.take()), ['missed']);
  peer.settle(0, accepted);
  peer.send({ code: compositeCodes.detach, handle: 1, closed: true });
  b.sync();
  assert.equal(all(peer.take(), compositeCodes.detach)[0]?.closed, true);
  peer.attachReceiver('sub', '', 1, {}, { source: undefined });
  assert.equal(refusal(peer.take()), 'amqp:not-found');
});

test('a link with the name of an attached link replaces it', async () => {
  const { b, peer } = await ready();
  receive(b, peer, 'sub', 'topic://t', 1, { durable: 2 });
  peer.begin(1);
  peer.take();
  peer.send(
    {
      code: compositeCodes.attach,
      name: 'sub',
      handle: 0,
      role: true,
      source: { code: compositeCodes.source, address: text('topic://t'), durable: 2 },
    },
    1,
  );
  b.sync();
  const frames = peer.take();
  const stolen = frames.find(({ body }) => body?.code === compositeCodes.detach);
  assert.ok(stolen?.channel === 0 && stolen.body?.code === compositeCodes.detach);
  assert.ok(stolen.body.error?.code === compositeCodes.error);
  assert.equal(stolen.body.error.condition, 'amqp:link:stolen');
  assert.equal(all(frames, compositeCodes.attach)[0]?.name, 'sub');
});

test('a dynamic node is named in the attach response and deleted with its link', async () => {
  const { b, peer } = await ready();
  peer.attachReceiver('r', '', 1, { address: undefined, dynamic: true });
  const [attach] = all(peer.take(), compositeCodes.attach);
  assert.ok(attach?.source?.code === compositeCodes.source);
  const { address, dynamic, capabilities, dynamicNodeProperties } = attach.source;
  assert.match(String(address?.value), /^temp-queue:\/\/ID:waxwing-/);
  assert.deepEqual([dynamic, capabilities], [true, ['temporary-queue']]);
  assert.equal(dynamicNodeProperties?.[0]?.[0].value, 'lifetime-policy');
  peer.attachSender('s', String(address?.value));
  peer.transfer(textMessage('m'));
  peer.flow(1, 1);
  assert.equal(texts(peer.take()).length, 1);
  const other = await b.client('c2');
  other.attachReceiver('r', String(address?.value));
  assert.equal(refusal(other.take()), 'amqp:resource-locked');
  peer.send({ code: compositeCodes.detach, handle: 1, closed: true });
  peer.take();
  peer.transfer(textMessage('late'));
  const [disposition] = all(peer.take(), compositeCodes.disposition);
  assert.equal(disposition?.state?.code, compositeCodes.rejected);
  const topic = { code: compositeCodes.target, dynamic: true, capabilities: ['temporary-topic'] };
  peer.attachSender('t', undefined, 5, { target: topic as Composite });
  const [target] = all(peer.take(), compositeCodes.attach);
  assert.ok(target?.target?.code === compositeCodes.target);
  assert.match(String(target.target.address?.value), /^temp-topic:\/\/ID:/);
});

test('filters: selector and no-local are confirmed, others are omitted', async () => {
  const { b, peer } = await ready();
  const described = (descriptor: Item, value: Item): Item => ({
    type: 'described',
    descriptor,
    value,
  });
  const selector = described({ type: 'ulong', value: 0x0000_468c_0000_0004n }, text('n > 1'));
  const noLocal = described(symbol('apache.org:no-local-filter:list'), { type: 'list', value: [] });
  const unknown = described(symbol('some:filter'), text('x'));
  const filter = [
    [symbol('a'), selector],
    [symbol('b'), noLocal],
    [symbol('c'), unknown],
  ];
  const [attach] = all(receive(b, peer, 'r', 'topic://t', 1, { filter }), compositeCodes.attach);
  assert.ok(attach?.source?.code === compositeCodes.source);
  assert.deepEqual(
    attach.source.filter?.map(([name]) => name.value),
    ['a', 'b'],
  );
  peer.flow(1, 10);
  const other = await b.client('c2');
  const withN = (n: number) =>
    message(
      [0x74, (w) => w.map([[text('n'), { type: 'int', value: n }]])],
      [0x77, (w) => w.string(`n${n}`)],
    );
  for (const from of [peer, other]) {
    from.attachSender('s', 'topic://t');
    from.transfer(withN(1));
    from.transfer(withN(2));
  }
  assert.deepEqual(texts(peer.take()), ['n2']);
});

test('a scheduled message is delivered when due, without its scheduling annotations', async () => {
  const { b, peer } = await ready();
  peer.attachSender('s', 'queue://q', 0, { desiredCapabilities: ['DELAYED_DELIVERY'] });
  const [attach] = all(peer.take(), compositeCodes.attach);
  assert.deepEqual(attach?.offeredCapabilities, ['DELAYED_DELIVERY']);
  const delayed = (annotation: string, value: number) =>
    message(
      [
        0x72,
        (w) =>
          w.map([
            [symbol(annotation), { type: 'uint', value }],
            [symbol('x-opt-a'), text('kept')],
          ]),
      ],
      [0x77, (w) => w.string('later')],
    );
  peer.transfer(delayed('x-opt-delivery-delay', 5000));
  b.sync();
  assert.equal(
    all(peer.take(), compositeCodes.disposition)[0]?.state?.code,
    compositeCodes.accepted,
  );
  receive(b, peer, 'r', 'queue://q');
  peer.flow(1, 10);
  assert.deepEqual(texts(peer.take()), []);
  b.clock.ms += 5001;
  b.broker.doDue();
  const [frame] = peer.take();
  const payload = frame?.payload.toString('latin1') ?? '';
  assert.ok(payload.endsWith('later') && payload.includes('kept'));
  assert.ok(payload.includes('scheduledJobId') && !payload.includes('x-opt-delivery'));
  peer.transfer(delayed('x-opt-delivery-repeat', 100_000));
  peer.transfer(
    message(
      [0x74, (w) => w.map([[text('AMQ_SCHEDULED_DELAY'), text('x')]])],
      [0x77, (w) => w.string('')],
    ),
  );
  const outcomes = all(peer.take(), compositeCodes.disposition).map(({ state }) => state?.code);
  assert.deepEqual(outcomes, [compositeCodes.accepted, compositeCodes.rejected]);
});
