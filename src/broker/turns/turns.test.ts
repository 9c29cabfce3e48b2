import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, plainSubscribe } from '../../../tests/support/bare-broker.ts';
import { deliveryUnits, deliveryUnitsMax } from './turns.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const limited = {
  'x-max-length': { type: 'signedint', value: 1 },
  'x-overflow': { type: 'longstr', value: 'reject-publish' },
} as const;

test('a turn delivers a limited number of messages over all queues, the rest later in order', async () => {
  const b = await BareBroker.open();
  const count = deliveryUnitsMax;
  const inboxes = ['one', 'two'].map((name) => {
    const queue = b.queue(name);
    for (let i = 0; i < count; i++) b.publish('', name, String(i));
    b.broker.pump();
    return { queue, inbox: new Inbox() };
  });
  for (const { queue, inbox } of inboxes)
    queue.subscribe(inbox, { ...plainSubscribe, settled: true });
  const sum = () => inboxes.reduce((all, { inbox }) => all + inbox.bodies.length, 0);
  for (let before = sum(); before < 2 * count; before = sum()) {
    b.broker.pump();
    b.broker.pump();
    const delivered = sum() - before;
    assert.ok(delivered > 0 && delivered <= deliveryUnitsMax, `${delivered} in a turn`);
    await turn();
  }
  const expected = Array.from({ length: count }, (_, i) => String(i));
  for (const { inbox } of inboxes) assert.deepEqual(inbox.bodies, expected);
});

test('a full queue delivers to its consumer even if the delivery limit of the turn is used up', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('full', limited);
  const inbox = new Inbox();
  queue.subscribe(inbox, { ...plainSubscribe, settled: true });
  b.broker.turns.unitsLeft = 0;
  for (let i = 0; i < 5; i++) assert.equal(b.publish('', 'full', String(i)).isRefused, false);
  await turn();
  assert.deepEqual(inbox.bodies, ['0', '1', '2', '3', '4']);
});

test('a limit that drops messages is enforced in the next turn if the delivery limit is used up', async () => {
  const b = await BareBroker.open();
  const dropping = { 'x-max-length': limited['x-max-length'] };
  const queue = b.queue('dropping', dropping);
  const inbox = new Inbox();
  queue.subscribe(inbox, { ...plainSubscribe, prefetch: 3 });
  b.broker.turns.unitsLeft = 0;
  for (let i = 0; i < 6; i++) b.publish('', 'dropping', String(i));
  assert.deepEqual([inbox.bodies, queue.readyCount], [[], 6]);
  await turn();
  assert.deepEqual([inbox.bodies, queue.readyCount], [['0', '1', '2'], 1], 'a consumer is first');
  b.broker.turns.unitsLeft = 0;
  const countMax = 1024;
  for (let i = 0; i < countMax; i++) b.publish('', 'dropping', 'x');
  assert.equal(queue.readyCount, 1 + countMax);
  for (let i = 0; i < 400; i++) b.publish('', 'dropping', 'x');
  assert.ok(queue.readyCount < countMax, 'the queue does not grow further');
  b.broker.turns.unitsLeft = 0;
  b.publish('', 'dropping', 'x');
  b.broker.vhost('/').removeQueue(queue);
  await turn();
  await turn();
  assert.equal(queue.isDeleted, true);
});

test('a delivery is weighted by its body size and its converted size', () => {
  const sizes = [0, 2047, 2048, 1024 * 1024];
  assert.deepEqual(
    sizes.map((size) => deliveryUnits(size)),
    [1, 1, 2, 513],
  );
  const converted = sizes.map((size) => deliveryUnits(1000, size));
  assert.deepEqual(converted, [1, 4, 5, 2049]);
});

/** Queues with a message each, whose consumer takes time. */
async function slowDeliveries(): Promise<{
  b: BareBroker;
  queueCount: number;
  count: () => number;
}> {
  const b = await BareBroker.open();
  let count = 0;
  const consumer = {
    isWritable: true,
    deliver: () => {
      b.turnClock.ms += 0.1;
      count++;
    },
    cancelled: () => {},
  };
  const names = Array.from({ length: 500 }, (_, n) => `q${n}`);
  for (const name of names) {
    b.queue(name).subscribe(consumer, { ...plainSubscribe, settled: true });
    b.publish('', name, 'm');
  }
  return { b, queueCount: names.length, count: () => count };
}

test('a message for many queues is delivered in several turns if a delivery takes long', async () => {
  const { b, queueCount, count } = await slowDeliveries();
  const inTurns: number[] = [];
  for (let before = 0; before < queueCount; before = count()) {
    b.broker.pump();
    b.broker.pump();
    inTurns.push(count() - before);
    await turn();
    inTurns[inTurns.length - 1] = count() - before;
  }
  assert.ok(Math.max(...inTurns) < 250, `${inTurns}`);
  assert.ok(inTurns.length < 20, `${inTurns}`);
});

test('deliveries and background work share the time of a turn, and each has a part of it', async () => {
  const { b, count } = await slowDeliveries();
  const { background } = b.broker.turns;
  let stepCount = 0;
  function* steps(): Generator<void> {
    for (; stepCount < 1000; stepCount++) {
      b.turnClock.ms += 0.1;
      yield;
    }
  }
  background.run(steps());
  const beganMs = b.turnClock.ms;
  assert.ok(beganMs >= 5, `${beganMs} ms of background work`);
  b.broker.pump();
  // 2 ms from the first look at the clock, which is taken after each 32 deliveries.
  assert.ok(count() >= 32 + 20 && count() < 3 * 32, `${count()} deliveries`);
  const before = stepCount;
  await turn();
  assert.ok(stepCount > before, 'the work goes on in the next turn');
});
