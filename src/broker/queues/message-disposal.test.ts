import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  commitNow,
  Inbox,
  owner,
  plainSubscribe,
} from '../../../tests/support/bare-broker.ts';
import { plainFormat } from '../../../tests/support/plain-format.ts';
import { Transaction } from '../transaction.ts';

const int = (value: number) => ({ type: 'signedint', value }) as const;
const text = (value: string) => ({ type: 'longstr', value }) as const;
const deadTo = (key: string) => ({
  'x-dead-letter-exchange': text(''),
  'x-dead-letter-routing-key': text(key),
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Lets turns pass until something is so, and returns after how many. */
async function turnsUntil(isSo: () => boolean): Promise<number> {
  for (let count = 0; count < 100_000; count++) {
    if (isSo()) return count;
    await turn();
  }
  throw new Error('it never was');
}

test('two full queues that dead-letter to each other terminate and leave no batch open', async () => {
  const b = await BareBroker.open();
  const size = 3000;
  const args = (other: string) => ({ ...deadTo(other), 'x-max-length': int(size) });
  const queues = [b.queue('a', args('b')), b.queue('b', args('a'))];
  for (let i = 0; i < size; i++) for (const name of ['a', 'b']) b.publish('', name, `${name}${i}`);
  b.publish('', 'a', 'one too many');
  await turnsUntil(() => queues.every((queue) => (queue.disposal?.count ?? 0) === 0));
  assert.deepEqual(
    queues.map((queue) => [queue.readyCount, queue.index.count]),
    [
      [size, size],
      [size, size],
    ],
  );
  b.broker.store.begin(); // throws within another batch
  b.broker.store.end();
  await b.broker.close();
  const after = await BareBroker.open(b);
  assert.equal(after.queue('a', args('b')).readyCount, size);
});

test('a long chain of full queues that dead-letter to the next one does not recurse', async () => {
  const b = await BareBroker.open();
  const length = 3000;
  const name = (i: number) => `q${i}`;
  const args = (i: number) => ({ ...deadTo(name(i + 1)), 'x-max-length': int(1) });
  b.queue(name(length), { 'x-max-length': int(1) });
  for (let i = 0; i < length; i++) b.queue(name(i), args(i));
  for (let i = 0; i < length; i++) b.publish('', name(i), 'full');
  const last = b.vhost.queue(name(length), owner);
  b.publish('', 'q0', 'pushes them all');
  const queues = [...b.vhost.queues.values()];
  await turnsUntil(() => queues.every((queue) => (queue.disposal?.count ?? 0) === 0));
  assert.ok(queues.every((queue) => queue.readyCount === 1));
  assert.deepEqual([last.readyCount, b.broker.counters.deadLettered], [1, length]);
});

test('a queue above its limit after a crash is trimmed to the limit', async () => {
  const b = await BareBroker.open();
  const args = { ...deadTo('dead'), 'x-max-length': int(2) };
  b.queue('q', args);
  b.queue('dead');
  // Within a batch, so that nothing is dropped before the crash.
  for (const body of ['1', '2', '3', '4']) b.publish('', 'q', body);
  const rows = b.log.rows.filter((row) => row.type !== 2).length;
  b.log.syncNow();
  assert.ok(rows > 0);
  b.log.rows = b.log.rows.filter((row) => row.batch === 0);
  const after = await BareBroker.open(b);
  after.broker.pump();
  assert.equal(after.queue('q', args).readyCount, 2);
});

test('a batch is closed when an exception is thrown within it', async () => {
  const b = await BareBroker.open();
  b.queue('dead');
  const queue = b.queue('q', deadTo('dead'));
  for (const body of ['1', '2']) b.publish('', 'q', body);
  const subscription = queue.subscribe(new Inbox(), plainSubscribe);
  b.broker.pump();
  const { deadLetterHead } = plainFormat;
  plainFormat.deadLetterHead = () => {
    throw new Error('a bug');
  };
  try {
    subscription.settle(0, 0, 'rejected');
    b.broker.pump();
  } finally {
    plainFormat.deadLetterHead = deadLetterHead;
  }
  const transaction = new Transaction(b.broker, b.vhost);
  transaction.settle(subscription, 1, 1, 'rejected');
  const { settle } = b.broker.store;
  b.broker.store.settle = () => {
    throw new Error('another bug');
  };
  assert.throws(() => commitNow(transaction), /another bug/);
  b.broker.store.settle = settle;
  b.broker.store.begin(); // throws within another batch
  b.broker.store.end();
});

test('mass expiry takes many turns, keeps the order, and does not block other queues', async () => {
  const b = await BareBroker.open(undefined, { workUnitsMax: 400 });
  const other = b.queue('other');
  const dead = b.queue('dead');
  const size = 2000;
  const expires = b.queue('expires', { ...deadTo('dead'), 'x-message-ttl': int(100) });
  for (let i = 0; i < size; i++) b.publish('', 'expires', String(i));
  b.clock.ms += 100;
  b.broker.tick();
  assert.ok(dead.readyCount < size / 10, `${dead.readyCount} in the first turn`);
  b.publish('', 'other', 'served');
  assert.equal(other.readyCount, 1);
  const turns = await turnsUntil(() => expires.index.count === 0);
  assert.ok(turns > 100, `${turns} turns`);
  const inbox = new Inbox();
  dead.subscribe(inbox, { ...plainSubscribe, settled: true });
  b.broker.pump();
  assert.deepEqual(
    inbox.bodies,
    Array.from({ length: size }, (_, i) => String(i)),
  );
});

test('a purge, a deletion and a mass expiry without dead letters also take several turns', async () => {
  const b = await BareBroker.open(undefined, { workUnitsMax: 100 });
  const fill = (name: string, args = {}) => {
    const queue = b.queue(name, args);
    for (let i = 0; i < 2000; i++) b.publish('', name, String(i), { priority: i % 3 });
    return queue;
  };
  const purged = fill('purged', { 'x-max-priority': int(2) });
  let count = -1;
  purged.purge((done) => {
    count = done;
  });
  assert.deepEqual([purged.readyCount, count], [0, -1]);
  b.publish('', 'purged', 'after');
  await turnsUntil(() => count >= 0);
  assert.deepEqual([count, purged.index.count], [2000, 1]);
  assert.deepEqual(b.drain('purged'), ['after']);
  const deleted = fill('deleted');
  assert.equal(b.vhost.deleteQueue('deleted', owner, { ifUnused: false, ifEmpty: false }), 2000);
  assert.ok(deleted.index.count > 0);
  assert.ok((await turnsUntil(() => deleted.index.count === 0)) > 10);
  const expired = fill('expired', { 'x-message-ttl': int(5) });
  b.clock.ms += 5;
  b.broker.tick();
  assert.ok(expired.readyCount > 0);
  assert.ok((await turnsUntil(() => expired.index.count === 0)) > 10);
});

test('a purge keeps unacknowledged messages and messages requeued during the purge', async () => {
  const b = await BareBroker.open(undefined, { workUnitsMax: 10 });
  const queue = b.queue('q');
  for (let i = 0; i < 100; i++) b.publish('', 'q', String(i));
  const subscription = queue.subscribe(new Inbox(), { ...plainSubscribe, prefetch: 20 });
  b.broker.pump();
  let count = -1;
  queue.purge((done) => {
    count = done;
  });
  subscription.stop();
  for (const number of [3, 7, 5]) subscription.settle(number, number, 'released');
  await turnsUntil(() => count >= 0);
  assert.equal(count, 80);
  assert.deepEqual(b.drain('q'), ['3', '5', '7']);
});

test('dead letters keep their order when some are read from disk', async () => {
  const b = await BareBroker.open();
  const dead = b.queue('dead');
  const queue = b.queue('q', deadTo('dead'));
  const body = (i: number) => `${i}`.padEnd(100_000, '.');
  for (let i = 0; i < 20; i++) b.publish('', 'q', body(i));
  const subscription = queue.subscribe(new Inbox(), plainSubscribe);
  b.broker.pump();
  b.log.evict();
  subscription.settle(0, 18, 'rejected');
  subscription.settle(19, 19, 'rejected');
  await turnsUntil(() => dead.readyCount === 20);
  const inbox = new Inbox();
  dead.subscribe(inbox, plainSubscribe);
  b.broker.pump();
  assert.deepEqual(
    inbox.bodies.map((found) => Number.parseInt(found, 10)),
    Array.from({ length: 20 }, (_, i) => i),
  );
});

test('a commit into a full reject-publish queue fails with partial tx completion', async () => {
  const b = await BareBroker.open();
  b.queue('q', { 'x-overflow': text('reject-publish'), 'x-max-length': int(1) });
  const { message } = await import('../../../tests/support/bare-broker.ts');
  const transaction = new Transaction(b.broker, b.vhost);
  transaction.publish(message(b.broker, '', 'q', '1'));
  commitNow(transaction);
  transaction.publish(message(b.broker, '', 'q', '2'));
  assert.throws(() => commitNow(transaction), {
    code: 'precondition-failed',
    message: 'partial tx completion',
  });
  assert.deepEqual(b.drain('q'), ['1']);
  b.broker.store.begin();
  b.broker.store.end();
});
