import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AmqpPeer, closes, openBroker, publishFrames } from '../../../tests/support/amqp-peer.ts';
import { methodIds } from './codec/methods.gen.ts';

// Faults are put in below the code under test: into the log, and into a peer's transport.

const persistent = (body: string) => publishFrames(1, 'q', body, { deliveryMode: 2 });
const bug = new TypeError('a fault put in by the test');

function throwBug(): never {
  throw bug;
}

async function setUp() {
  const reported: unknown[][] = [];
  const { broker, log } = await openBroker({}, undefined, (...event) => reported.push(event));
  const [one, other] = [await AmqpPeer.ready(broker), await AmqpPeer.ready(broker)];
  return { broker, log, one, other, reported };
}

test('a bug in a method handler closes the connection with 541 and is reported once', async () => {
  const { broker, log, one, other, reported } = await setUp();
  const { reserve } = log;
  log.reserve = throwBug;
  assert.deepEqual(closes(one.send(persistent('x'), persistent('y'))), [
    'connection 541 INTERNAL_ERROR - a bug in the server',
  ]);
  log.reserve = reserve;
  assert.deepEqual(reported, [[bug, one.peerAddress]]);
  assert.equal(broker.clientConnections.size, 1);
  assert.deepEqual(closes(other.send(persistent('z'))), []);
  assert.equal(broker.vhost('/').queue('q', undefined).readyCount, 1);
});

test('a bug while writing a delivery closes the consumer’s connection, not the publisher’s', async () => {
  const { broker, one, other, reported } = await setUp();
  one.consume('q');
  const { write } = one;
  one.write = throwBug;
  const size = 50_000; // three of them do not fit the buffer in which frames gather
  for (let i = 0; i < 4; i++) other.send(publishFrames(1, 'q', 'x'.repeat(size)));
  one.write = write;
  const received = one.take();
  assert.deepEqual(closes(received), ['connection 541 INTERNAL_ERROR - a bug in the server']);
  assert.deepEqual(reported, [[bug, one.peerAddress]]);
  assert.equal(broker.vhost('/').queue('q', undefined).readyCount, 4, 'nothing is lost');
  assert.equal(other.consume('q').filter((x) => typeof x === 'string').length, 4);
});

test('a bug while writing confirms does not affect the confirms of other connections', async () => {
  const { log, one, other, reported } = await setUp();
  for (const peer of [one, other]) {
    peer.call(1, { id: methodIds.confirmSelect, noWait: true });
    peer.send(persistent('x'));
  }
  one.requestFlush = throwBug; // asked as soon as there is something to say
  log.syncNow();
  assert.deepEqual(other.take(), [{ id: methodIds.basicAck, deliveryTag: 1, multiple: false }]);
  assert.deepEqual(reported[0], [bug, one.peerAddress]);
});
