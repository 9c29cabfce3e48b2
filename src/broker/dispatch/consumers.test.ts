import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, plainSubscribe } from '../../../tests/support/bare-broker.ts';
import { askedCountMax } from './consumers.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Consumers whose transports take nothing, and how often they were asked. */
class Deaf extends Inbox {
  static askedCount = 0;
  constructor() {
    super();
    Object.defineProperty(this, 'isWritable', {
      get: () => {
        Deaf.askedCount++;
        return false;
      },
    });
  }
}

test('a turn asks a limited number of the consumers that cannot take messages', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const deafCount = 5 * askedCountMax;
  for (let i = 0; i < deafCount; i++) queue.subscribe(new Deaf(), plainSubscribe);
  const last = new Inbox();
  queue.subscribe(last, plainSubscribe);
  b.publish('', 'q', 'first');
  b.publish('', 'q', 'second');
  for (let turns = 0; turns < 100 && last.bodies.length < 2; turns++) {
    Deaf.askedCount = 0;
    b.broker.pump();
    b.broker.pump(); // another peer's
    assert.ok(Deaf.askedCount <= askedCountMax, `${Deaf.askedCount} are asked in turn ${turns}`);
    await turn();
  }
  assert.deepEqual(last.bodies, ['first', 'second']);
});

test('consumers of many priorities are asked once each and get requeued messages by priority', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const inboxes = Array.from({ length: 300 }, (_, priority) => {
    const inbox = new Inbox();
    return {
      inbox,
      subscription: queue.subscribe(inbox, { ...plainSubscribe, priority, prefetch: 1 }),
    };
  });
  for (let i = 0; i < 300; i++) b.publish('', 'q', String(i));
  b.broker.pump();
  assert.deepEqual(
    inboxes.map(({ inbox }) => inbox.bodies),
    Array.from({ length: 300 }, (_, i) => [String(299 - i)]),
  );
  for (const at of [7, 250, 7]) {
    inboxes[at]?.subscription.settle(0, Infinity, 'accepted');
    b.publish('', 'q', `to ${at}`);
    b.broker.pump();
    assert.equal(inboxes[at]?.inbox.bodies.at(-1), `to ${at}`);
  }
});

test('the correct consumer becomes the single active one, whichever consumer leaves', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q', { 'x-single-active-consumer': { type: 'bool', value: true } });
  const all = Array.from({ length: 60 }, (_, i) => {
    const inbox = new Inbox();
    const priority = i % 3;
    return {
      i,
      priority,
      inbox,
      subscription: queue.subscribe(inbox, { ...plainSubscribe, priority }),
    };
  });
  // The first one stays active although others have a higher priority.
  const [first, ...others] = all;
  const expected = [first, ...others.sort((x, y) => y.priority - x.priority || x.i - y.i)];
  for (const [at, one] of expected.entries()) {
    b.publish('', 'q', String(at));
    b.broker.pump();
    assert.deepEqual(one?.inbox.bodies, [String(at)]);
    one?.subscription.settle(0, 0, 'accepted');
    one?.subscription.stop();
  }
});

test('many consumers of a deleted queue are notified in later turns, except those that have left', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  const all = Array.from({ length: 2000 }, () => {
    const inbox = new Inbox();
    return { inbox, subscription: queue.subscribe(inbox, plainSubscribe) };
  });
  b.vhost.removeQueue(queue);
  const toldCount = () => all.filter(({ inbox }) => inbox.cancelReason !== undefined).length;
  const atOnce = toldCount();
  assert.ok(atOnce > 0 && atOnce < 1000, `${atOnce} at once`);
  assert.equal(queue.consumerCount, 0);
  all.at(-1)?.subscription.stop();
  while (!b.broker.background.isIdle) await turn();
  assert.deepEqual([toldCount(), all.at(-1)?.inbox.cancelReason], [1999, undefined]);
});
