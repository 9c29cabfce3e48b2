import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  closes,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../tests/support/amqp-peer.ts';
import { methodIds } from './codec/methods.gen.ts';

const persistent = (body: string) => publishFrames(1, 'q', body, { deliveryMode: 2 });

test('reading from publishers pauses while the log is behind, until half of it is synced', async () => {
  const { broker, log } = await openBroker({ pendingBytesMax: 100_000 });
  const [publisher, consumer] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  consumer.consume('q', { noAck: true });
  publisher.send(persistent('x'.repeat(60_000)));
  assert.equal(publisher.isPaused, false);
  publisher.send(persistent('x'.repeat(60_000)));
  assert.equal(publisher.isPaused, true);
  assert.equal(consumer.isPaused, false, 'who does not publish is read from');
  assert.equal(consumer.take().length, 4, 'and gets deliveries');
  log.syncNow();
  assert.equal(publisher.isPaused, false);
});

test('a connection that starts to publish while the log is behind is paused too', async () => {
  const { broker } = await openBroker({ pendingBytesMax: 1000 });
  const [first, second] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  first.send(persistent('x'.repeat(2000)));
  second.send(persistent('late'));
  assert.deepEqual([first.isPaused, second.isPaused], [true, true]);
});

test('transient messages are not written to the log and do not pause publishers', async () => {
  const { broker } = await openBroker({ pendingBytesMax: 1000 });
  const peer = await AmqpPeer.ready(broker);
  peer.send(publishFrames(1, 'q', 'x'.repeat(5000)));
  assert.equal(peer.isPaused, false);
});

test('above the memory limit, publishers are notified and paused until memory is free', async () => {
  let used = 10;
  const { broker } = await openBroker({ memoryBytesMax: 100 }, () => used);
  const [publisher, consumer] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  publisher.send(publishFrames(1, 'q', 'x'));
  used = 101;
  broker.tick();
  assert.deepEqual(publisher.take(), [
    { id: methodIds.connectionBlocked, reason: 'low on memory' },
  ]);
  assert.deepEqual(consumer.take(), [], 'who only consumes is not told');
  assert.deepEqual([publisher.isPaused, consumer.isPaused], [true, false]);
  consumer.consume('q', { noAck: true });
  used = 100;
  broker.tick();
  assert.deepEqual(publisher.take(), [{ id: methodIds.connectionUnblocked }]);
  assert.equal(publisher.isPaused, false);
});

test('a connection that starts to publish while memory is low is notified immediately', async () => {
  const { broker } = await openBroker({ memoryBytesMax: 100 }, () => 101);
  const peer = await AmqpPeer.ready(broker);
  broker.tick();
  assert.deepEqual(peer.send(publishFrames(1, 'q', 'x')), [
    { id: methodIds.connectionBlocked, reason: 'low on memory' },
  ]);
  assert.equal(peer.isPaused, true);
});

test('memory and log pressure are independent reasons to pause', async () => {
  let used = 101;
  const { broker, log } = await openBroker(
    { memoryBytesMax: 100, pendingBytesMax: 10 },
    () => used,
  );
  const peer = await AmqpPeer.ready(broker);
  peer.send(persistent('more than ten bytes'));
  broker.tick();
  log.syncNow();
  assert.equal(peer.isPaused, true);
  used = 50;
  broker.tick();
  assert.equal(peer.isPaused, false);
});

test('a paused connection is not closed for missed heartbeats', async () => {
  const { broker } = await openBroker({ pendingBytesMax: 10 });
  const peer = await AmqpPeer.ready(broker);
  peer.send(persistent('more than ten bytes'));
  for (let second = 1; second <= 60; second++) peer.connection.tick(second * 1000);
  assert.equal(peer.isClosed, false);
});

test('channel.flow cannot stop deliveries', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  assert.deepEqual(peer.send(methodFrame(1, { id: methodIds.channelFlow, active: true })), [
    { id: methodIds.channelFlowOk, active: true },
  ]);
  assert.deepEqual(
    closes(peer.send(methodFrame(1, { id: methodIds.channelFlow, active: false }))),
    ['connection 540 NOT_IMPLEMENTED - active=false'],
  );
});
