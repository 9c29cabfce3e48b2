import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AmqpPeer,
  methodFrame,
  openBroker,
  publishFrames,
} from '../../../../tests/support/amqp-peer.ts';
import { type Method, methodIds } from '../codec/methods.gen.ts';
import { methodUnits, unitsPerTurnMax } from './frame-gate.ts';

// However many methods of a peer are there at once, a turn of the event loop handles so many of them,
// and they take effect in their order.

const methodsPerTurnMax = unitsPerTurnMax / methodUnits;
const count = 5 * methodsPerTurnMax + 7;
const purgeOf = (queue: string) =>
  methodFrame(1, { id: methodIds.queuePurge, queue, noWait: false });
const purge = purgeOf('q');
const get: Method = { id: methodIds.basicGet, queue: 'q', noAck: true };

/** Messages that each purge of a batch found: one where it came after the publish before it. */
const counts = (received: readonly (Method | string)[]) =>
  received.flatMap((x) => (typeof x === 'object' && 'messageCount' in x ? [x.messageCount] : []));

/** Calls `look` after each turn until nothing is held back from a peer. */
async function eachTurn(peer: AmqpPeer, look: () => void): Promise<void> {
  for (let quiet = 0; quiet < 5; quiet = peer.isPaused ? 0 : quiet + 1) {
    await new Promise(setImmediate);
    look();
  }
}

test('a turn handles a limited number of methods, and the rest follow in order', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  log.syncNow();
  peer.take();
  const texts = Array.from({ length: count }, (_, i) => `message ${i}`);
  const sent = texts.flatMap((text) => [publishFrames(1, 'q', text), methodFrame(1, get)]);
  peer.connection.receive(Buffer.concat(sent));
  assert.equal(peer.isPaused, true);
  const found: string[] = [];
  await eachTurn(peer, () => {
    const more = peer.take().filter((x) => typeof x === 'string');
    assert.ok(more.length <= 2 * methodsPerTurnMax, `${more.length} in one turn`);
    found.push(...more);
  });
  assert.deepEqual(found, texts);
});

test('a turn handles a limited number of methods that waited behind a get', async () => {
  const { broker, log } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.send(publishFrames(1, 'q', 'cold', { deliveryMode: 2 }));
  peer.declare('filler');
  for (let i = 0; i < 3; i++) {
    peer.send(publishFrames(1, 'filler', 'x'.repeat(100_000), { deliveryMode: 2 }));
  }
  log.syncNow();
  log.evict();
  peer.take();
  const pair = [publishFrames(1, 'q', 'x'), purge];
  const sent = Array<Buffer[]>(count).fill(pair).flat();
  peer.connection.receive(Buffer.concat([methodFrame(1, get), ...sent]));
  const found: number[] = [];
  await eachTurn(peer, () => {
    log.syncNow();
    const more = counts(peer.take());
    assert.ok(more.length <= 2 * methodsPerTurnMax, `${more.length} in one turn`);
    found.push(...more);
  });
  assert.deepEqual(found, [0, ...Array(count).fill(1)]); // of the get, and of the purges
});

test('methods sent before a disconnect are executed in order', async () => {
  const { broker } = await openBroker();
  const peer = await AmqpPeer.ready(broker);
  peer.declare('q');
  const sent = [...Array<Buffer>(count).fill(purge), publishFrames(1, 'q', 'last')];
  peer.connection.receive(Buffer.concat(sent));
  peer.connection.ended();
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  const vhost = broker.vhosts.get('/');
  assert.equal(vhost?.queues.get('q')?.readyCount, 1);
  assert.equal(broker.clientConnections.size, 0);
});
