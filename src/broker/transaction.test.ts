import assert from 'node:assert/strict';
import { test } from 'node:test';
import { message, owner } from '../../tests/support/bare-broker.ts';
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

test('a large commit is recovered whole or not at all, and others are not synced before its end', async () => {
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
