import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BareBroker, commitNow, message } from '../../../tests/support/bare-broker.ts';
import { Transaction } from '../transaction.ts';
import { queuesPerSlice } from './publishing.ts';

const text = (value: string) => ({ type: 'longstr', value }) as const;
const int = (value: number) => ({ type: 'signedint', value }) as const;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const wide = 8 * queuesPerSlice;
const xid = { formatId: 1, globalId: Buffer.from('t'), branchId: Buffer.from('') };

/** A broker with a fanout exchange to very many queues. */
async function opened() {
  const b = await BareBroker.open();
  const fanout = b.vhost.exchange('amq.fanout');
  const queues = Array.from({ length: wide }, (_, i) => b.queue(`q${i}`, {}, i % 100 === 0));
  for (const queue of queues) b.vhost.bind(fanout, queue, '', {});
  const takenCount = () => queues.filter(({ readyCount }) => readyCount > 0).length;
  return { b, queues, takenCount };
}

/** Lets turns pass until all is done; returns how many. */
async function idle({ broker }: BareBroker): Promise<number> {
  let count = 0;
  const isBusy = () => broker.longPublishes.isBusy || broker.background.isPending;
  for (; isBusy() || !broker.background.isIdle; count++) await turn();
  return count;
}

/** In which batches of the log something was appended since a row. */
const batchesFrom = ({ log }: BareBroker, row: number) =>
  new Set(log.rows.slice(row).map(({ batch }) => batch));

test('dead letters to many queues take several turns, in order, each in one batch', async () => {
  const { b, queues, takenCount } = await opened();
  b.queue('dying', { 'x-dead-letter-exchange': text('amq.fanout'), 'x-message-ttl': int(10) });
  for (const body of ['a', 'b', 'c']) b.publish('', 'dying', body);
  b.log.syncNow();
  const row = b.log.rows.length;
  b.clock.ms += 20;
  b.broker.doDue();
  assert.ok(takenCount() < wide / 2, `${takenCount()} queues at once`);
  await turn();
  const partly = takenCount();
  b.publish('', 'q0', 'from elsewhere');
  assert.ok((await idle(b)) > 5);
  assert.ok(partly < wide, `${partly} queues in the second turn`);
  assert.deepEqual(
    [b.drain('q1'), b.drain(`q${wide - 1}`)],
    [
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ],
  );
  assert.deepEqual([queues[100]?.readyCount, b.broker.counters.deadLettered], [3, 3]);
  const batches = batchesFrom(b, row);
  assert.equal(batches.has(0), false, 'a letter and its end are in a batch');
  b.broker.store.begin(); // throws within another batch
  b.broker.store.end();
});

test('a crash during dead-lettering to many queues leaves no partial result', async () => {
  const { b, takenCount } = await opened();
  b.queue('dying', { 'x-dead-letter-exchange': text('amq.fanout'), 'x-message-ttl': int(10) });
  b.publish('', 'dying', 'a');
  b.log.syncNow();
  b.clock.ms += 20;
  b.broker.doDue();
  for (let turns = 0; takenCount() === 0 && turns < 10; turns++) await turn();
  assert.ok(takenCount() < wide);
  const batches = batchesFrom(b, 0);
  await idle(b);
  const all = batchesFrom(b, 0);
  assert.ok(all.size - batches.size <= 1, 'all of it is in the batch that had begun');
});

test('dead letters of full queues block the publisher until they are written', async () => {
  const { b, queues } = await opened();
  b.queue('full', {
    'x-max-length': int(0),
    'x-overflow': text('reject-publish-dlx'),
    'x-dead-letter-exchange': text('amq.fanout'),
  });
  const { rest, isRefused, routed } = b.publish('', 'full', 'a');
  assert.deepEqual([isRefused, routed], [true, 1]);
  assert.ok(rest !== undefined);
  b.broker.background.run(rest);
  await idle(b);
  assert.ok(queues.every(({ readyCount }) => readyCount === 1));
});

test('a scheduled message is routed to many queues over several turns and then removed', async () => {
  const { b, takenCount } = await opened();
  const publication = message(b.broker, 'amq.fanout', '', 'a');
  b.broker.schedules.of('/').add(publication, { delayMs: 10, periodMs: 0, repeatCount: 0 });
  b.broker.schedules
    .of('/')
    .add(message(b.broker, '', 'q5', 'b'), { delayMs: 11, periodMs: 0, repeatCount: 0 });
  b.clock.ms += 20;
  b.broker.doDue();
  assert.ok(takenCount() < wide);
  await idle(b);
  assert.deepEqual([takenCount(), b.broker.schedules.of('/').count], [wide, 0]);
  assert.deepEqual(b.drain('q5'), ['a', 'b']);
});

test('a prepared transaction to many queues commits over several turns in one batch', async () => {
  const { b, takenCount } = await opened();
  const transaction = new Transaction(b.broker, b.vhost);
  for (const body of ['a', 'b']) {
    const publication = message(b.broker, 'amq.fanout', '', body);
    publication.isPersistent = true;
    transaction.publish(publication);
  }
  b.broker.prepared.prepare(xid, transaction, undefined, () => {});
  const row = b.log.rows.length;
  let group = -1;
  b.broker.prepared.commit(xid, (durable) => {
    group = durable;
  });
  assert.ok(takenCount() < wide && group === -1);
  assert.throws(() => b.broker.prepared.rollback(xid), /is being committed/);
  const other = new Transaction(b.broker, b.vhost);
  other.publish(message(b.broker, '', 'q0', 'c'));
  await idle(b);
  commitNow(other);
  assert.ok(group > 0);
  assert.equal(batchesFrom(b, row).size, 1);
  assert.deepEqual(
    [b.drain('q0'), b.drain('q1')],
    [
      ['a', 'b', 'c'],
      ['a', 'b'],
    ],
  );
  assert.deepEqual([...b.broker.prepared.recover()], []);
});
