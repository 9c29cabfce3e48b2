import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, plainSubscribe } from '../../../../tests/support/bare-broker.ts';
import { ManualClock } from '../../../../tests/support/manual-clock.ts';
import { type DiscoveryRequest, discoveryLimits } from '../../../control/discovery.ts';
import { discover } from './discovery.ts';

const usual: DiscoveryRequest = { after: 0, messageCountMax: 200, personNames: [] };

/** A clock on which every look at the time takes a millisecond. */
class PassingClock extends ManualClock {
  override monotonicMs(): number {
    this.advance(1);
    return super.monotonicMs();
  }
}

/** Searches and counts the turns of the event loop that were left to other work. */
async function search(broker: BareBroker, request: Partial<DiscoveryRequest> = {}) {
  let turnCount = 0;
  const nextTurn = () => {
    turnCount += 1;
    return Promise.resolve();
  };
  const page = await discover(
    broker.broker,
    { ...usual, ...request },
    new PassingClock(),
    nextTurn,
  );
  return { ...page, turnCount };
}

test('findings are counted by queue and kind, and values are not reported', async () => {
  const bare = await BareBroker.open();
  bare.queue('orders');
  bare.queue('empty');
  bare.publish('', 'orders', '{"mail":"anna.meier@example.com"}');
  bare.publish('', 'orders', 'card 4111111111111111 of a@example.com');
  bare.publish('', 'orders', 'order 4711');
  const { queues, next } = await search(bare);
  assert.equal(next, undefined);
  assert.deepEqual(queues, [
    {
      vhost: '/',
      queue: 'orders',
      messageCount: 3,
      sampledCount: 3,
      nameKinds: [],
      kinds: [
        { kind: 'email', messageCount: 2 },
        { kind: 'payment-card', messageCount: 1 },
      ],
    },
    { vhost: '/', queue: 'empty', messageCount: 0, sampledCount: 0, nameKinds: [], kinds: [] },
  ]);
  assert.doesNotMatch(JSON.stringify(queues), /anna|4111/);
});

test('discovery does not change order, delivery counts or unsettled deliveries', async () => {
  const bare = await BareBroker.open();
  const queue = bare.queue('orders');
  for (const body of ['a@example.com', 'b@example.com', 'c@example.com']) {
    bare.publish('', 'orders', body);
  }
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, { ...plainSubscribe, prefetch: 1 });
  bare.broker.pump();
  const delivered = [...inbox.bodies];
  const { readyCount, deliveredCount, usedAtMs } = queue;
  const { queues } = await search(bare);
  // Messages that a consumer has are sampled too.
  assert.equal(queues[0]?.sampledCount, 3);
  bare.broker.pump();
  assert.deepEqual(inbox.bodies, delivered);
  assert.deepEqual(
    [queue.readyCount, queue.deliveredCount, queue.usedAtMs],
    [readyCount, deliveredCount, usedAtMs],
  );
  subscription.close('released');
  const again = new Inbox();
  queue.subscribe(again, { ...plainSubscribe, settled: true }).grant(9);
  bare.broker.pump();
  assert.deepEqual(again.bodies, ['a@example.com', 'b@example.com', 'c@example.com']);
  assert.deepEqual(again.redelivered.slice(1), [false, false]);
});

test('at most the requested number of messages is sampled per queue, oldest first', async () => {
  const bare = await BareBroker.open();
  bare.queue('orders');
  for (let i = 0; i < 10; i += 1) bare.publish('', 'orders', i < 4 ? 'a@example.com' : 'x');
  const { queues } = await search(bare, { messageCountMax: 3 });
  assert.equal(queues[0]?.messageCount, 10);
  assert.equal(queues[0]?.sampledCount, 3);
  assert.deepEqual(queues[0]?.kinds, [{ kind: 'email', messageCount: 3 }]);
});

test('discovery yields to other work and does not sample messages that arrive meanwhile', async () => {
  const bare = await BareBroker.open();
  bare.queue('orders');
  for (let i = 0; i < 20; i += 1) bare.publish('', 'orders', 'x');
  let turnCount = 0;
  const page = await discover(bare.broker, usual, new PassingClock(), () => {
    turnCount += 1;
    bare.publish('', 'orders', 'late@example.com');
    return Promise.resolve();
  });
  assert.ok(turnCount >= 5, `${turnCount} turns`);
  assert.deepEqual([page.queues[0]?.sampledCount, page.queues[0]?.kinds], [20, []]);
});

test('pages continue after the previous page and contain every queue once', async () => {
  const bare = await BareBroker.open();
  const count = discoveryLimits.queueCountMax + 50;
  for (let i = 0; i < count; i += 1) bare.queue(`q-${i}`);
  const names: string[] = [];
  let after: number | undefined = 0;
  let pageCount = 0;
  while (after !== undefined) {
    const page: Awaited<ReturnType<typeof search>> = await search(bare, { after });
    assert.ok(page.queues.length <= discoveryLimits.queueCountMax);
    names.push(...page.queues.map(({ queue }) => queue));
    after = page.next;
    pageCount += 1;
  }
  assert.ok(pageCount >= 2);
  assert.deepEqual(
    names,
    Array.from({ length: count }, (_, i) => `q-${i}`),
  );
});

test('queue names are searched, including for listed person names', async () => {
  const bare = await BareBroker.open();
  bare.queue('anna.meier@example.com');
  bare.publish('', 'anna.meier@example.com', 'for Anna Meier');
  const { queues } = await search(bare, { personNames: ['Anna Meier'] });
  assert.deepEqual(queues[0]?.nameKinds, ['email', 'person-name']);
  assert.deepEqual(queues[0]?.kinds, [{ kind: 'person-name', messageCount: 1 }]);
});

test('deleting a queue during discovery ends its sample', async () => {
  const bare = await BareBroker.open();
  const queue = bare.queue('orders');
  for (let i = 0; i < 50; i += 1) bare.publish('', 'orders', 'a@example.com');
  const page = await discover(bare.broker, usual, new PassingClock(), () => {
    queue.end();
    return Promise.resolve();
  });
  assert.ok((page.queues[0]?.sampledCount ?? 0) < 50);
});
