import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, Inbox, message, plainSubscribe } from '../../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../../tests/support/broker-on-log.ts';
import type { Broker } from '../broker.ts';
import type { Limits } from '../limits.ts';
import { Transaction } from '../transaction.ts';
import { type Xid, xidKey, xidOf } from './xid.ts';

const xid = (name: string, branch = ''): Xid => ({
  formatId: 7,
  globalId: Buffer.from(name),
  branchId: Buffer.from(branch),
});
const text = (value: string) => ({ type: 'longstr', value }) as const;

/** A queue with messages, all of them delivered to one consumer. */
async function consuming(bodies: readonly string[], limits: Partial<Limits> = {}) {
  const b = await BareBroker.open(undefined, limits);
  const queue = b.queue('q', {
    'x-dead-letter-exchange': text(''),
    'x-dead-letter-routing-key': text('dead'),
  });
  b.queue('dead');
  b.queue('out');
  const inbox = new Inbox();
  const subscription = queue.subscribe(inbox, { ...plainSubscribe, prefetch: bodies.length });
  for (const body of bodies) b.publish('', 'q', body);
  b.broker.pump();
  return { b, queue, inbox, subscription, transaction: new Transaction(b.broker, b.vhost) };
}

function publish(broker: Broker, transaction: Transaction, body: string, key = 'out'): void {
  const publication = message(broker, '', key, body);
  publication.isPersistent = true;
  transaction.publish(publication);
}

/** Prepares a transaction of a few operations, which is done before this returns. */
function prepare(broker: Broker, id: Xid, transaction: Transaction): number {
  let group = -1;
  broker.prepared.prepare(id, transaction, undefined, (durable) => {
    group = durable;
  });
  return group;
}

function commit(b: BareBroker, name: string): number {
  let group = -1;
  b.broker.prepared.commit(xid(name), (durable) => {
    group = durable;
  });
  b.broker.pump();
  return group;
}

/** Stops as a kill does, after everything was synced, and starts again. */
function restart(b: BareBroker): Promise<BareBroker> {
  b.broker.pump();
  b.log.syncNow();
  return BareBroker.open(b);
}

test('a prepared transaction takes full effect on commit and none before it', async () => {
  const { b, queue, inbox, subscription, transaction } = await consuming(['a', 'b', 'c']);
  publish(b.broker, transaction, 'x');
  publish(b.broker, transaction, 'y');
  transaction.settle(subscription, 0, 0, 'accepted');
  transaction.settle(subscription, 2, 2, 'rejected');
  const group = prepare(b.broker, xid('t'), transaction);
  assert.equal(group, b.log.openGroup);
  assert.deepEqual([b.drain('out'), b.drain('dead'), queue.index.count], [[], [], 3]);
  // What it settles is nobody else's to settle, and stays in the account: nothing more comes.
  assert.equal(subscription.settle(0, 2, 'released'), 1);
  b.publish('', 'q', 'd');
  b.broker.pump();
  assert.deepEqual([inbox.bodies, subscription.unsettledCount], [['a', 'b', 'c', 'b'], 3]);
  assert.ok(commit(b, 't') > 0);
  assert.deepEqual([b.drain('out'), b.drain('dead')], [['x', 'y'], ['c']]);
  assert.deepEqual([inbox.bodies.slice(4), subscription.unsettledCount], [['d'], 2]);
  assert.deepEqual([...b.broker.prepared.recover()], []);
});

test('a rollback removes messages and leaves deliveries with their consumer', async () => {
  const { b, queue, inbox, subscription, transaction } = await consuming(['a', 'b']);
  publish(b.broker, transaction, 'x');
  transaction.settle(subscription, 0, 1, 'accepted');
  prepare(b.broker, xid('t'), transaction);
  b.broker.prepared.rollback(xid('t'));
  b.broker.pump();
  assert.deepEqual(
    [b.drain('out'), inbox.bodies, subscription.unsettledCount],
    [[], ['a', 'b'], 2],
  );
  assert.equal(subscription.settle(0, 1, 'accepted'), 2);
  assert.equal(queue.index.count, 0);
});

test('a rollback requeues the deliveries of a closed consumer', async () => {
  const { b, queue, subscription, transaction } = await consuming(['a', 'b', 'c']);
  transaction.settle(subscription, 0, 1, 'accepted');
  prepare(b.broker, xid('t'), transaction);
  subscription.close('released');
  b.broker.pump();
  assert.deepEqual([queue.readyCount, queue.index.count], [1, 3]);
  b.broker.prepared.rollback(xid('t'));
  assert.deepEqual([b.drain('q'), subscription.unsettledCount], [['a', 'b', 'c'], 0]);
});

test('prepared transactions survive restarts and can then be committed or rolled back', async () => {
  const { b, subscription, transaction } = await consuming(['a', 'b', 'c', 'd', 'e']);
  for (const name of ['first', 'second']) {
    publish(b.broker, transaction, `of ${name}`);
    const number = name === 'first' ? 1 : 3;
    transaction.settle(subscription, number, number, 'accepted');
    prepare(b.broker, xid(name, 'b'), transaction);
  }
  let again = await restart(await restart(b));
  assert.deepEqual([...again.broker.prepared.recover()], [xid('first', 'b'), xid('second', 'b')]);
  const queue = again.vhost.queue('q', undefined);
  assert.deepEqual([queue.readyCount, queue.index.count], [3, 5]);
  assert.deepEqual([again.drain('q'), again.drain('out')], [['a', 'c', 'e'], []]);
  again.broker.prepared.commit(xid('first', 'b'), () => {});
  again = await restart(again);
  assert.deepEqual(again.drain('out'), ['of first']);
  again.broker.prepared.rollback(xid('second', 'b'));
  again = await restart(again);
  assert.deepEqual([again.drain('q'), again.drain('out')], [['d'], []]);
  assert.deepEqual([...again.broker.prepared.recover()], []);
  assert.equal(again.broker.prepared.has(xid('first', 'b')), false);
});

test('an empty transaction is not prepared, and an unprepared one cannot be completed', async () => {
  const { b, transaction } = await consuming([]);
  assert.equal(prepare(b.broker, xid('empty'), transaction), 0);
  assert.equal(b.broker.prepared.has(xid('empty')), false);
  const unknown = { code: 'not-found', message: /no prepared transaction 7:656d707479:/ };
  assert.throws(() => b.broker.prepared.rollback(xid('empty')), unknown);
  assert.throws(() => commit(b, 'empty'), unknown);
  publish(b.broker, transaction, 'x');
  prepare(b.broker, xid('t'), transaction);
  publish(b.broker, transaction, 'y');
  assert.throws(() => prepare(b.broker, xid('t'), transaction), {
    code: 'precondition-failed',
    message: /is prepared already/,
  });
  assert.equal(transaction.operationCount, 1);
});

test('prepared transactions are limited in number, operations and bytes', async () => {
  const refused = async (limits: Partial<Limits>, why: RegExp) => {
    const { b, subscription, transaction } = await consuming(['a', 'b'], limits);
    publish(b.broker, transaction, 'x');
    prepare(b.broker, xid('1'), transaction);
    publish(b.broker, transaction, 'y'.repeat(1000));
    transaction.settle(subscription, 0, 1, 'accepted');
    assert.throws(() => prepare(b.broker, xid('2'), transaction), {
      code: 'resource-error',
      message: why,
    });
    b.broker.prepared.rollback(xid('1'));
    assert.deepEqual([transaction.operationCount, subscription.unsettledCount], [3, 2]);
  };
  await refused(
    { preparedCountMax: 1 },
    /2 prepared transactions would wait .* at most 1 are allowed/,
  );
  await refused({ preparedOperationCountMax: 3 }, /4 operations would wait .* at most 3/);
  await refused({ preparedBranchOperationCountMax: 2 }, /3 operations of it would .* at most 2/);
  await refused({ preparedBranchBytesMax: 1000 }, /bytes of its messages would .* at most 1000/);
  await refused({ preparedBytesMax: 2000 }, /bytes of messages would wait .* at most 2000/);
});

test('xids are named by their parts, whose lengths are limited', () => {
  for (const id of [
    xid('a'),
    xid('a', 'b'),
    xid('\0\xff', '\0'),
    xid('x'.repeat(64), 'y'.repeat(64)),
  ]) {
    assert.deepEqual(xidOf(xidKey(id)), id);
  }
  assert.notEqual(xidKey(xid('ab', 'c')), xidKey(xid('a', 'bc')));
  const refused = { code: 'precondition-failed', message: /invalid xid: / };
  for (const id of [xid(''), xid('x'.repeat(65)), xid('x', 'y'.repeat(65))]) {
    assert.throws(() => xidKey(id), refused);
  }
  for (const formatId of [-1, 0.5, 2 ** 31])
    assert.throws(() => xidKey({ ...xid('x'), formatId }), refused);
});

test('a large prepared transaction is read from disk and committed completely', async () => {
  const life = await BrokerOnLog.start({ segmentBytes: 64 * 1024, cacheBytes: 0 });
  const vhost = life.broker.vhost('/');
  const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };
  vhost.declareQueue('out', options, {});
  const transaction = new Transaction(life.broker, vhost);
  for (let i = 0; i < 300; i++) publish(life.broker, transaction, `${i} `.padEnd(5000, '.'));
  prepare(life.broker, xid('large'), transaction);
  await life.flushed();
  await life.kill();
  const committing = new Promise<number>((resolve) => {
    life.broker.prepared.commit(xid('large'), resolve);
  });
  const busy = { code: 'precondition-failed', message: /is being committed/ };
  assert.throws(() => life.broker.prepared.rollback(xid('large')), busy);
  await committing;
  await life.flushed();
  assert.equal(life.broker.vhost('/').queue('out', undefined).readyCount, 300);
  await life.kill();
  assert.equal(life.broker.vhost('/').queue('out', undefined).readyCount, 300);
  assert.deepEqual([...life.broker.prepared.recover()], []);
  await life.close();
  await life.check();
});

/** Turns of the event loop until nothing is left to do. Returns how many it took. */
async function idle(b: BareBroker): Promise<number> {
  for (let turns = 0; turns < 10_000; turns++) {
    if (b.broker.background.isIdle && !b.broker.background.isPending) return turns;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the work does not end');
}

test('a large transaction is prepared and rolled back in several turns, each in one batch', async () => {
  const bodies = Array.from({ length: 1000 }, (_, n) => String(n));
  const { b, queue, subscription, transaction } = await consuming(bodies, { workUnitsMax: 256 });
  await idle(b);
  b.broker.pump();
  for (const body of bodies) publish(b.broker, transaction, body);
  transaction.settle(subscription, 0, bodies.length - 1, 'accepted');
  b.log.syncNow();
  let row = b.log.rows.length;
  let group = -1;
  const done = (durable: number) => {
    group = durable;
  };
  b.broker.prepared.prepare(xid('t'), transaction, 'ann', done);
  assert.equal(group, -1);
  assert.equal(transaction.operationCount, 0);
  // It exists only when it is complete, and its id and its share of the limits are taken.
  assert.equal(b.broker.prepared.has(xid('t')), false);
  assert.throws(() => b.broker.prepared.rollback(xid('t')), { code: 'not-found' });
  publish(b.broker, transaction, 'other');
  assert.throws(() => prepare(b.broker, xid('t'), transaction), /is prepared already/);
  assert.ok((await idle(b)) > 5);
  assert.ok(group > 0);
  const batches = () => new Set(b.log.rows.slice(row).map(({ batch }) => batch));
  assert.equal(batches().size, 1);
  assert.equal(b.broker.prepared.userOf(xid('t')), 'ann');
  b.log.syncNow();
  row = b.log.rows.length;
  subscription.close('released');
  group = -1;
  b.broker.prepared.rollback(xid('t'), done);
  assert.equal(group, -1);
  for (const outcome of ['rollback', 'commit'] as const) {
    assert.throws(() => b.broker.prepared[outcome](xid('t'), () => {}), /is being rolled back/);
  }
  assert.ok((await idle(b)) > 5);
  assert.ok(group > 0);
  assert.equal(batches().size, 1);
  assert.deepEqual([queue.readyCount, [...b.broker.prepared.recover()]], [bodies.length, []]);
  const again = await restart(b);
  assert.deepEqual([again.drain('out').length, again.drain('q').length], [0, bodies.length]);
});

test('a crash while a large transaction is prepared leaves nothing of it', async () => {
  const { b, transaction } = await consuming([], { workUnitsMax: 256 });
  for (let n = 0; n < 1000; n++) publish(b.broker, transaction, String(n));
  b.broker.pump();
  b.log.syncNow();
  b.broker.prepared.prepare(xid('t'), transaction, undefined, () => {});
  assert.equal(b.broker.background.isIdle, false);
  // All but the last row has reached the disk.
  const again = await BareBroker.open(b, {}, b.log.rows.length - 1);
  assert.deepEqual([...again.broker.prepared.recover()], []);
  assert.equal(again.drain('out').length, 0);
});

test('deleting a virtual host deletes a transaction that is being prepared', async () => {
  const { b, transaction } = await consuming([], { workUnitsMax: 256 });
  for (let n = 0; n < 1000; n++) publish(b.broker, transaction, String(n));
  let group = -1;
  b.broker.prepared.prepare(xid('t'), transaction, undefined, (durable) => {
    group = durable;
  });
  b.broker.deleteVhost('/');
  await idle(b);
  assert.ok(group > 0);
  assert.deepEqual([...b.broker.prepared.recover()], []);
  const again = await restart(b);
  assert.deepEqual(
    [[...again.broker.prepared.recover()], again.broker.store.indexes.size],
    [[], 0],
  );
});

test('deleting a virtual host deletes its prepared transactions', async () => {
  const { b, transaction } = await consuming([]);
  publish(b.broker, transaction, 'x');
  prepare(b.broker, xid('t'), transaction);
  b.broker.deleteVhost('/');
  assert.deepEqual([...b.broker.prepared.recover()], []);
  const again = await restart(b);
  assert.deepEqual(
    [[...again.broker.prepared.recover()], again.broker.store.indexes.size],
    [[], 0],
  );
});
