import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compositeCodes } from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { types } from '../../src/protocols/openwire/codec/commands.gen.ts';
import { ActiveMqPeers, policyOf } from '../support/activemq-peers.ts';
import { queue, topic } from '../support/openwire-peer.ts';

// Consumers that are aborted because they are slow.

const strategy = (inside: string) => `<slowConsumerStrategy>${inside}</slowConsumerStrategy>`;

async function open(of: string, inside: string) {
  const lines: string[] = [];
  const events = {
    refused: () => {},
    removedInactive: () => {},
    warned: (text: string) => {
      lines.push(text);
    },
  };
  const peers = await ActiveMqPeers.open(policyOf(of, '', strategy(inside)), '', { events });
  assert.deepEqual(peers.warnings, []);
  const sender = await peers.stomp();
  const send = (destination: string, count: number) => {
    for (let n = 0; n < count; n++) sender.send('SEND', { destination }, String(n));
  };
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 1000) {
      peers.advance(1000);
      await peers.settled();
    }
  };
  return { peers, lines, send, pass };
}

const slow = '<abortSlowConsumerStrategy maxSlowDuration="5000" checkPeriod="1000"/>';

test('a slow OpenWire consumer is closed, and its messages are redelivered to another', async () => {
  const { peers, lines, send, pass } = await open('queue="Q"', slow);
  const peer = await peers.openwire('ID:o-1:1');
  const { consumerId } = peer.consume(1, queue('Q'), { prefetchSize: 2 });
  send('/queue/Q', 5);
  assert.equal(peer.dispatches().length, 2);
  await pass(4000);
  assert.deepEqual(peer.take(), []);
  await pass(3000);
  const [control] = peer.take();
  assert.equal(control?.type, types.ConsumerControl);
  assert.ok(control.type === types.ConsumerControl && control.close);
  assert.deepEqual(control.consumerId, consumerId);
  assert.equal(peers.b.ready('Q'), 5);
  assert.equal(peer.isClosed, false);
  assert.match(
    lines.join('\n'),
    /aborting consumer: Consumer was slow too often \(>-1\) or too long/,
  );
  const other = await peers.stomp();
  other.send('SUBSCRIBE', { id: '1', destination: '/queue/Q' });
  await peers.settled();
  assert.equal(other.bodies().length, 5);
});

test('slow STOMP subscriptions and slow AMQP links are closed too', async () => {
  const { peers, send, pass } = await open('queue="&gt;"', slow);
  const stomp = await peers.stomp();
  const ack = { ack: 'client', 'activemq.prefetchSize': '1' };
  stomp.send('SUBSCRIBE', { id: '1', destination: '/queue/Q', ...ack });
  send('/queue/Q', 3);
  stomp.take();
  await pass(8000);
  const [error] = stomp.take();
  assert.match(error?.headers['message'] ?? '', /^Consumer was slow too often/);
  assert.equal(peers.b.ready('Q'), 3);
  const ackStrategy =
    '<abortSlowAckConsumerStrategy maxTimeSinceLastAck="2000" maxSlowDuration="1000" checkPeriod="1000"/>';
  const acks = await open('queue="&gt;"', ackStrategy);
  const peer = await acks.peers.amqp10('c2');
  peer.attachReceiver('r', 'queue://Q');
  peer.flow(1, 10);
  acks.send('/queue/Q', 2);
  peer.take();
  await acks.pass(6000);
  const detach = peer.bodies().find((each) => each?.code === compositeCodes.detach);
  assert.match(JSON.stringify(detach), /Consumer was slow too often/);
});

test('with abortConnection, the connection of a slow consumer is closed', async () => {
  const strict =
    '<abortSlowConsumerStrategy maxSlowDuration="2000" checkPeriod="1000" abortConnection="true"/>';
  const { peers, send, pass } = await open('queue="Q"', strict);
  const peer = await peers.openwire('ID:o-1:1');
  peer.consume(1, queue('Q'), { prefetchSize: 1 });
  const stomp = await peers.stomp();
  const ack = { ack: 'client', 'activemq.prefetchSize': '1' };
  stomp.send('SUBSCRIBE', { id: '1', destination: '/queue/Q', ...ack });
  send('/queue/Q', 4);
  await pass(5000);
  assert.deepEqual([peer.isClosed, stomp.isClosed], [true, true]);
  assert.equal(peers.b.ready('Q'), 4);
});

test('a consumer that keeps acknowledging is not slow', async () => {
  const { peers, send, pass } = await open('queue="Q"', slow);
  const peer = await peers.openwire('ID:o-1:1');
  peer.consume(1, queue('Q'), { prefetchSize: 2 });
  for (let n = 0; n < 10; n++) {
    send('/queue/Q', 2);
    peer.ack(peer.dispatches());
    await pass(1000);
  }
  assert.deepEqual(
    peer.take().filter(({ type }) => type === types.ConsumerControl),
    [],
  );
});

test('a topic consumer is slow when twice its prefetch is pending', async () => {
  const { peers, lines, send, pass } = await open('topic="T"', slow);
  const peer = await peers.openwire('ID:o-1:1');
  peer.consume(1, topic('T'), { prefetchSize: 2 });
  send('/topic/T', 3);
  await pass(8000);
  assert.deepEqual(lines, []);
  send('/topic/T', 1);
  await pass(8000);
  assert.equal(peer.take().filter(({ type }) => type === types.ConsumerControl).length, 1);
});

test('abortSlowAckConsumerStrategy closes consumers that do not acknowledge, but not idle ones', async () => {
  const inside =
    '<abortSlowAckConsumerStrategy maxTimeSinceLastAck="3000" maxSlowDuration="1000" checkPeriod="1000"/>';
  const { peers, send, pass } = await open('queue="&gt;"', inside);
  const peer = await peers.openwire('ID:o-1:1');
  peer.consume(1, queue('idle'));
  peer.consume(2, queue('Q'));
  await pass(10_000);
  assert.deepEqual(peer.take(), []);
  send('/queue/Q', 1);
  assert.equal(peer.dispatches().length, 1);
  await pass(6000);
  const closed = peer.take().filter(({ type }) => type === types.ConsumerControl);
  assert.equal(closed.length, 1);
  assert.equal(peers.b.ready('Q'), 1);
});

test('ignoreIdleConsumers="false" closes idle consumers too', async () => {
  const inside =
    '<abortSlowAckConsumerStrategy maxTimeSinceLastAck="3000" maxSlowDuration="1000" ignoreIdleConsumers="false"/>';
  const { peers, pass } = await open('queue="&gt;"', inside);
  const peer = await peers.openwire('ID:o-1:1');
  peer.consume(1, queue('idle'));
  await pass(7000);
  assert.equal(peer.take().filter(({ type }) => type === types.ConsumerControl).length, 1);
});

test('maxSlowCount closes a consumer that is slow too often', async () => {
  const inside =
    '<abortSlowConsumerStrategy maxSlowCount="2" maxSlowDuration="-1" checkPeriod="1000"/>';
  const { peers, send, pass } = await open('queue="Q"', inside);
  const peer = await peers.openwire('ID:o-1:1');
  peer.consume(1, queue('Q'), { prefetchSize: 1 });
  const controls = () => peer.take().filter(({ type }) => type === types.ConsumerControl).length;
  let closed = 0;
  for (let round = 0; round < 3; round++) {
    assert.equal(closed, 0);
    send('/queue/Q', 2);
    await pass(2000);
    if (round === 2) closed += controls();
    else {
      peer.ack(peer.dispatches());
      await pass(1000);
      peer.ack(peer.dispatches());
      await pass(1000);
    }
  }
  assert.equal(closed, 1);
});
