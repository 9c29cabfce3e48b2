import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, plainSubscribe } from '../../tests/support/bare-broker.ts';

const single = { 'x-single-active-consumer': { type: 'bool', value: true } } as const;

function publish(b: BareBroker, queue: string, ...bodies: string[]): void {
  for (const body of bodies) b.publish('', queue, body);
  b.broker.pump();
}

test('consumers of the same priority are served round-robin', async () => {
  const b = await BareBroker.open();
  const inboxes = [new Inbox(), new Inbox(), new Inbox()];
  for (const inbox of inboxes) b.queue('q').subscribe(inbox, plainSubscribe);
  publish(b, 'q', '1', '2', '3', '4', '5', '6');
  const bodies = inboxes.map((inbox) => inbox.bodies);
  assert.deepEqual(bodies, [
    ['1', '4'],
    ['2', '5'],
    ['3', '6'],
  ]);
});

test('a lower priority consumer gets only messages that no higher one can take', async () => {
  const b = await BareBroker.open();
  const [low, high] = [new Inbox(), new Inbox()];
  b.queue('q').subscribe(low, { ...plainSubscribe, priority: -1 });
  const first = b.queue('q').subscribe(high, { ...plainSubscribe, priority: 7, prefetch: 1 });
  publish(b, 'q', '1', '2');
  assert.deepEqual([low.bodies, high.bodies], [['2'], ['1']]);
  first.settle(0, 0, 'accepted');
  publish(b, 'q', '3');
  assert.deepEqual([low.bodies, high.bodies], [['2'], ['1', '3']]);
});

test('the next single active consumer is the oldest one of the highest priority', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', single);
  const inboxes = [0, 0, 5, 5].map((priority) => {
    const inbox = new Inbox();
    return { inbox, subscription: queue.subscribe(inbox, { ...plainSubscribe, priority }) };
  });
  const order: number[] = [];
  for (let i = 0; i < 4; i++) {
    publish(b, 'q', `m${i}`);
    const at = inboxes.findIndex(({ inbox }) => inbox.bodies.includes(`m${i}`));
    order.push(at);
    inboxes[at]?.subscription.settle(0, 0, 'accepted');
    inboxes[at]?.subscription.stop();
  }
  assert.deepEqual(order, [0, 2, 3, 1]);
});

test('a single active consumer without credit does not let messages pass to another consumer', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', single);
  const [one, two] = [new Inbox(), new Inbox()];
  queue.subscribe(one, { ...plainSubscribe, prefetch: 1 });
  queue.subscribe(two, plainSubscribe);
  publish(b, 'q', 'a', 'b');
  assert.deepEqual([one.bodies, two.bodies, queue.readyCount], [['a'], [], 1]);
});

test('an exclusive consumer must be the only one and cannot use a single active consumer queue', async () => {
  const b = await BareBroker.open();
  const refused = { code: 'access-refused', message: "queue 'q' in vhost '/' in exclusive use" };
  const queue = b.queue('q');
  const alone = queue.subscribe(new Inbox(), { ...plainSubscribe, exclusive: true });
  assert.throws(() => queue.subscribe(new Inbox(), plainSubscribe), refused);
  alone.stop();
  queue.subscribe(new Inbox(), plainSubscribe);
  const exclusive = { ...plainSubscribe, exclusive: true };
  assert.throws(() => queue.subscribe(new Inbox(), exclusive), refused);
  assert.throws(() => b.queue('s', single).subscribe(new Inbox(), exclusive), {
    code: 'access-refused',
  });
});

test('prefetch 1 delivers one message at a time in order, however it is settled', async () => {
  const b = await BareBroker.open();
  const inbox = new Inbox();
  const subscription = b.queue('q').subscribe(inbox, { ...plainSubscribe, prefetch: 1 });
  publish(b, 'q', 'a', 'b', 'c');
  const outcomes = ['released', 'rejected', 'accepted', 'accepted'] as const;
  outcomes.forEach((outcome, i) => {
    subscription.settle(i, i, outcome);
    b.broker.pump();
  });
  assert.deepEqual(inbox.bodies, ['a', 'a', 'b', 'c']);
  assert.deepEqual(inbox.redelivered, [false, true, false, false]);
});

test('settling affects only the deliveries of the consumer itself, even with many consumers', async () => {
  const b = await BareBroker.open();
  const names = Array.from({ length: 300 }, (_, i) => `q${i}`);
  const subscriptions = names.map((name) => b.queue(name).subscribe(new Inbox(), plainSubscribe));
  for (const count of [5, 20]) {
    for (const name of names) for (let i = 0; i < count; i++) b.publish('', name, 'x');
    b.broker.pump();
    // A turn delivers a part of so many.
    while (b.queue('q299').readyCount > 0) await new Promise((resolve) => setImmediate(resolve));
    for (const subscription of subscriptions) {
      assert.equal(subscription.unsettledCount, count);
      assert.equal(subscription.settle(0, Infinity, 'accepted'), count);
      assert.equal(subscription.settle(0, Infinity, 'accepted'), 0);
    }
  }
  for (const name of names) assert.equal(b.queue(name).index.count, 0);
});
