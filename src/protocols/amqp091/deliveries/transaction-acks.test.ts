import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  closes,
  openBroker,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import type { Limits } from '../../../broker/limits.ts';
import { methodIds } from '../codec/methods.gen.ts';

const transient = { durable: false } as const;

/** Returns a client in a transaction that has `count` unsettled deliveries with delivery tags from 1. */
async function ready(count: number, limits: Partial<Limits> = {}) {
  const { broker } = await openBroker(limits);
  const peer = await AmqpPeer.ready(broker);
  peer.declare('many', {}, transient);
  for (let i = 0; i < count; i++) peer.send(publishFrames(1, 'many', String(i + 1)));
  peer.consume('many');
  await peer.untilDelivered(count);
  assert.equal(peer.deliveries.length, count);
  peer.call(1, { id: methodIds.txSelect });
  const queue = broker.vhost('/').queue('many', undefined);
  const ack = (deliveryTag: number, multiple = false) =>
    peer.call(1, { id: methodIds.basicAck, deliveryTag, multiple });
  const nack = (deliveryTag: number, requeue: boolean) =>
    peer.call(1, { id: methodIds.basicNack, deliveryTag, multiple: false, requeue });
  return { broker, peer, queue, ack, nack };
}

const commit = { id: methodIds.txCommit } as const;

async function idle(broker: Awaited<ReturnType<typeof ready>>['broker']): Promise<void> {
  while (!broker.background.isIdle) await new Promise(setImmediate);
}

test('each delivery in a transaction keeps its first outcome', async () => {
  const { broker, peer, queue, ack, nack } = await ready(10);
  nack(3, false);
  nack(5, true);
  ack(7, true);
  ack(9);
  assert.deepEqual([queue.settledCount, queue.readyCount], [0, 0]);
  peer.call(1, commit);
  await idle(broker);
  // Accepted: 1, 2, 4, 6, 7, 9; rejected: 3; back, and delivered again: 5.
  assert.equal(queue.settledCount, 7);
  assert.equal(peer.deliveries.at(-1)?.tag, 11);
  ack(8);
  ack(0, true);
  peer.call(1, commit);
  await idle(broker);
  assert.equal(queue.settledCount, 10);
  assert.match(closes(ack(10))[0] ?? '', /406 PRECONDITION_FAILED - unknown delivery tag 10/);
});

test('a delivery cannot be settled twice in a transaction, singly or with multiple', async () => {
  for (const again of [2, 3]) {
    const { ack } = await ready(5);
    ack(3);
    ack(2, true);
    assert.match(closes(ack(again))[0] ?? '', /unknown delivery tag/);
  }
});

test('after a rollback deliveries can be settled again; recover skips settled deliveries', async () => {
  const { broker, peer, queue, ack } = await ready(20);
  ack(4);
  ack(2, true);
  peer.call(1, { id: methodIds.txRollback });
  ack(4);
  ack(9, true);
  ack(12);
  peer.call(1, { id: methodIds.basicRecover, requeue: true });
  await idle(broker);
  peer.take();
  assert.equal(peer.deliveries.length, 20 + 10); // 10, 11 and 13 to 20 came again
  peer.call(1, commit);
  await idle(broker);
  assert.equal(queue.settledCount, 10);
});

test('non-contiguous settlements in a transaction are limited', async () => {
  const { broker, peer, queue, ack } = await ready(60, { transactionSettlementCountMax: 10 });
  for (let tag = 1; tag <= 40; tag++) assert.deepEqual(closes(ack(tag)), []);
  for (let tag = 42; tag < 60; tag += 2) assert.deepEqual(closes(ack(tag)), []);
  assert.match(closes(ack(60))[0] ?? '', /^connection 506 RESOURCE_ERROR - .* more than 10 /);
  assert.equal(queue.settledCount, 0);
  peer.connection.ended();
  await idle(broker);
  assert.equal(queue.readyCount, 60);
});

test('a transaction with many settlements commits in slices and is answered at the end', async () => {
  const count = 20_000;
  const { broker, peer, queue, ack } = await ready(count);
  for (let tag = 2; tag <= count; tag += 2) ack(tag);
  assert.deepEqual(peer.call(1, commit), []);
  assert.equal(queue.settledCount, 0);
  await idle(broker);
  assert.deepEqual(peer.take(), [{ id: methodIds.txCommitOk }]);
  assert.equal(queue.settledCount, count / 2);
});
