import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BareBroker,
  commitNow,
  Inbox,
  message,
  owner,
  plainSubscribe,
} from '../../tests/support/bare-broker.ts';
import { BrokerOnLog } from '../../tests/support/broker-on-log.ts';
import { Transaction } from './transaction.ts';

const count = 10_000;
const options = { durable: true, exclusive: false, autoDelete: false, arguments: {} };

/** A broker on a real log, one durable queue, and a large transaction that begins to commit. */
async function beginCommit() {
  const life = await BrokerOnLog.start();
  const { broker } = life;
  const vhost = broker.vhost('/');
  vhost.declareQueue('q', options, owner);
  await life.synced();
  const transaction = new Transaction(broker, vhost);
  for (let i = 0; i < count; i++) {
    const publication = message(broker, '', 'q', `message ${i}`);
    publication.isPersistent = true;
    transaction.publish(publication);
  }
  let isDone = false;
  broker.background.run(
    transaction.commit(() => {}),
    () => {
      isDone = true;
    },
  );
  return { life, isDone: () => isDone };
}

const countOf = ({ broker }: BrokerOnLog) =>
  broker.vhost('/').declareQueue('q', options, owner).index.count;

test('a large commit is recovered completely or not at all, and blocks syncs until its end', async () => {
  for (const turnCount of [0, 1, 2]) {
    const { life, isDone } = await beginCommit();
    for (let turn = 0; turn < turnCount; turn++) await new Promise(setImmediate);
    assert.equal(isDone(), false);
    const { durableGroup } = life.log;
    life.broker.define({ kind: 'started' }); // somebody else waits for a sync
    await new Promise(setImmediate);
    if (!isDone()) assert.equal(life.log.durableGroup, durableGroup);
    await life.kill();
    assert.equal(countOf(life), 0);
    await life.close();
    await life.check();
  }
  const { life, isDone } = await beginCommit();
  while (!isDone()) await new Promise(setImmediate);
  await life.synced();
  await life.kill();
  assert.equal(countOf(life), count);
  await life.close();
  await life.check();
});

test('settlements of consecutive deliveries are kept as one, and each has its outcome', async () => {
  const b = await BareBroker.open();
  const queue = b.queue('q');
  for (let i = 0; i < 8; i++) b.publish('', 'q', String(i));
  const subscription = queue.subscribe(new Inbox(), plainSubscribe);
  b.broker.pump();
  const transaction = new Transaction(b.broker, b.vhost);
  for (const number of [0, 1, 2]) transaction.settle(subscription, number, number, 'accepted');
  for (const number of [3, 4]) transaction.settle(subscription, number, number, 'released');
  for (const number of [7, 6]) transaction.settle(subscription, number, number, 'accepted');
  assert.equal(transaction.operationCount, 7);
  assert.equal(subscription.unsettledCount, 8);
  commitNow(transaction);
  subscription.stop();
  assert.deepEqual(b.drain('q'), ['3', '4']);
  assert.equal(subscription.isUnsettled(5), true);
  const next = new Transaction(b.broker, b.vhost);
  for (let number = 0; number < 3; number++) next.settle(subscription, number, number, 'accepted');
  assert.equal(next.take().settlements.length, 1);
});
