import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compositeCodes } from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import { type DataStructure, types } from '../../src/protocols/openwire/codec/commands.gen.ts';
import { type ActiveMqParts, ActiveMqPeers, policyOf } from '../support/activemq-peers.ts';
import { textMessage } from '../support/amqp10-peer.ts';
import { queue, topic } from '../support/openwire-peer.ts';
import type { StompPeer } from '../support/stomp-peer.ts';

// Producers of destinations whose memory is full: they wait, or their messages are refused.

const body = 'x'.repeat(1000);
const inMemory = '<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>';

/** A queue with room for two messages of 2,024 bytes. */
const limited = (attributes = '') =>
  policyOf('queue="Q"', `memoryLimit="4kb" ${attributes}`, inMemory);

/** What a broker wrote to its log. */
function logged(): { readonly lines: string[]; readonly parts: ActiveMqParts } {
  const lines: string[] = [];
  const events = {
    refused: () => {},
    removedInactive: () => {},
    warned: (text: string) => {
      lines.push(text);
    },
  };
  return { lines, parts: { events } };
}

const isResponse = ({ type }: DataStructure) => type === types.PlainResponse;

/** Takes all messages of a queue with a consumer that accepts them at once. */
async function drain(peers: ActiveMqPeers, name = 'Q'): Promise<StompPeer> {
  const consumer = await peers.stomp();
  consumer.send('SUBSCRIBE', { id: 'drain', destination: `/queue/${name}` });
  await peers.settled();
  peers.advance(10);
  await peers.settled();
  return consumer;
}

test('a full queue delays the response to its producer without blocking other traffic', async () => {
  const { lines, parts } = logged();
  const peers = await ActiveMqPeers.open(limited(), '', parts);
  const peer = await peers.openwire('ID:o-1:1');
  peer.produce();
  for (let n = 1; n <= 2; n++) {
    const answers = peer.ask(peer.message(queue('Q'), body));
    peers.b.sync();
    answers.push(...peer.take());
    assert.equal(answers.some(isResponse), true, `message ${n}`);
  }
  assert.deepEqual(peer.ask(peer.message(queue('Q'), body)), []);
  peers.advance(1000);
  assert.deepEqual(peer.take(), []);
  assert.match(
    lines[0] ?? '',
    /^Usage Manager Memory Limit \(4096\) reached on queue:\/\/Q, size /,
  );
  assert.equal(lines.length, 1);
  // Another command of the same connection is answered meanwhile.
  assert.equal(peer.ask(peer.message(queue('other'), 'x')).length, 0);
  peers.b.sync();
  assert.equal(peer.take().filter(isResponse).length, 1);
  const consumer = await drain(peers);
  assert.equal(consumer.bodies().length, 3);
  assert.equal(peer.take().filter(isResponse).length, 1);
  assert.equal(peer.isPaused, false);
});

test('the ProducerAck of a producer with a window is delayed while the queue is full', async () => {
  const peers = await ActiveMqPeers.open(limited());
  const peer = await peers.openwire('ID:o-1:1');
  peer.produce({ windowSize: 10_000 });
  const acks = () => peer.take().flatMap((each) => (each.type === types.ProducerAck ? [each] : []));
  for (let n = 0; n < 4; n++) peer.publish(queue('Q'), body);
  assert.deepEqual(
    acks().map(({ size }) => size),
    [2028, 2028],
  );
  await drain(peers);
  assert.equal(acks().length, 2);
});

test('the broker stops reading from a producer without responses until the queue has room', async () => {
  const peers = await ActiveMqPeers.open(limited());
  const peer = await peers.openwire('ID:o-1:1');
  peer.produce();
  for (let n = 0; n < 10; n++) peer.publish(queue('Q'), body);
  assert.equal(peer.isPaused, true);
  assert.equal(peers.b.ready('Q'), 3);
  const consumer = await drain(peers);
  for (let turn = 0; turn < 20; turn++) {
    peers.advance(10);
    await peers.settled();
  }
  assert.equal(consumer.bodies().length, 10);
  assert.equal(peer.isPaused, false);
});

test('closing a paused connection immediately requeues its messages and removes its consumer', async () => {
  const peers = await ActiveMqPeers.open(limited());
  const peer = await peers.openwire('ID:o-1:1');
  peer.consume(1, queue('mine'));
  peer.produce();
  peer.publish(queue('mine'), 'm');
  for (let n = 0; n < 5; n++) peer.publish(queue('Q'), body);
  assert.equal(peer.isPaused, true);
  assert.equal(peers.b.ready('mine'), 0);
  peer.connection.ended();
  await peers.settled();
  assert.equal(peers.b.ready('mine'), 1);
  assert.equal(peers.b.broker.vhost('/').queues.get('mine')?.consumerCount, 0);
});

test('STOMP: a receipt is delayed, and the broker stops reading from a sender without receipts', async () => {
  const peers = await ActiveMqPeers.open(limited());
  const peer = await peers.stomp();
  const destination = '/queue/Q';
  const receipts = () => peer.take().map(({ headers }) => headers['receipt-id']);
  for (const receipt of ['1', '2', '3']) peer.send('SEND', { destination, receipt }, body);
  assert.deepEqual(receipts(), ['1', '2']);
  assert.equal(peer.isPaused, false);
  const other = await peers.stomp();
  for (let n = 0; n < 3; n++) other.send('SEND', { destination }, body);
  assert.equal(other.isPaused, true);
  assert.equal(peers.b.ready('Q'), 4);
  await drain(peers);
  assert.deepEqual(receipts(), ['3']);
  peers.advance(10);
  await peers.settled();
  assert.equal(other.isPaused, false);
});

test('AMQP 1.0: a link gets limited credit, and no further credit while the queue is full', async () => {
  const peers = await ActiveMqPeers.open(limited());
  const peer = await peers.amqp10('c1');
  peer.attachSender('s', 'queue://Q');
  const credits = () =>
    peer.bodies().flatMap((each) => (each?.code === compositeCodes.flow ? [each.linkCredit] : []));
  assert.deepEqual(credits(), [16]);
  for (let n = 0; n < 16; n++) peer.transfer(textMessage(body));
  assert.deepEqual(credits(), []);
  await drain(peers);
  assert.deepEqual(credits(), [16]);
  peer.attachSender('other', 'queue://other', 5);
  assert.deepEqual(credits(), [1000]);
});

test('MQTT: the broker stops reading from a publisher to a topic with a slow consumer', async () => {
  const peers = await ActiveMqPeers.open(policyOf('topic="T"', 'memoryLimit="4kb"'));
  const consumer = await peers.openwire('ID:o-1:1');
  consumer.consume(1, topic('T'), { prefetchSize: 1 });
  const peer = await peers.mqtt({ clientId: 'm' });
  for (let n = 0; n < 10; n++) peer.publish('T', body);
  assert.equal(peer.isPaused, true);
  const first = consumer.dispatches();
  assert.equal(first.length, 1);
  for (let turn = 0; turn < 30; turn++) {
    consumer.ack(consumer.dispatches());
    if (turn === 0) consumer.ack(first);
    peers.advance(10);
    await peers.settled();
  }
  assert.equal(peer.isPaused, false);
});

test('with sendFailIfNoSpace, every protocol refuses messages to a full queue', async () => {
  for (const xml of [
    limited('sendFailIfNoSpace="true"'),
    `${limited()}<systemUsage><systemUsage sendFailIfNoSpace="true"/></systemUsage>`,
  ]) {
    const peers = await ActiveMqPeers.open(xml);
    const peer = await peers.openwire('ID:o-1:1');
    peer.produce();
    const refusal = () => peer.exception(peer.message(queue('Q'), body, { persistent: false }));
    for (let n = 0; n < 3; n++) assert.equal(refusal(), undefined);
    const refused =
      /^javax\.jms\.ResourceAllocationException: Usage Manager Memory Limit reached\. .* queue:\/\/Q/;
    assert.match(refusal() ?? '', refused);
    const stomp = await peers.stomp();
    const [error] = stomp.call('SEND', { destination: '/queue/Q', receipt: 'r' }, body);
    assert.match(error?.headers['message'] ?? '', /Usage Manager Memory Limit reached/);
    const amqp = await peers.amqp10('c1');
    amqp.attachSender('s', 'queue://Q');
    amqp.take();
    amqp.transfer(textMessage(body));
    peers.b.sync();
    const outcome = JSON.stringify(amqp.bodies());
    assert.match(outcome, /resource-limit-exceeded/);
    assert.equal(peers.b.ready('Q'), 3);
    await drain(peers);
    assert.equal(refusal(), undefined);
  }
});

test('a destination policy that waits overrides a broker setting that refuses', async () => {
  const peers = await ActiveMqPeers.open(
    `${limited('sendFailIfNoSpace="false"')}<systemUsage><systemUsage sendFailIfNoSpace="true"/></systemUsage>`,
  );
  const peer = await peers.stomp();
  for (let n = 0; n < 5; n++) peer.send('SEND', { destination: '/queue/Q' }, body);
  assert.equal(peer.isPaused, true);
  assert.deepEqual(peer.take(), []);
});

test('with sendFailIfNoSpaceAfterTimeout, producers wait before messages are refused', async () => {
  const peers = await ActiveMqPeers.open(limited('sendFailIfNoSpaceAfterTimeout="3000"'));
  const peer = await peers.stomp();
  const destination = '/queue/Q';
  for (let n = 0; n < 3; n++) peer.send('SEND', { destination }, body);
  assert.equal(peer.isPaused, true);
  peers.advance(2000);
  await peers.settled();
  assert.equal(peer.isPaused, true);
  peers.advance(1001);
  await peers.settled();
  assert.equal(peer.isPaused, false);
  const [error] = peer.call('SEND', { destination, receipt: 'r' }, body);
  assert.match(error?.headers['message'] ?? '', /Usage Manager Memory Limit reached/);
  await drain(peers);
  assert.equal(peer.call('SEND', { destination, receipt: 'r' }, body)[0]?.command, 'RECEIPT');
});

test('a transaction fails as a whole if one of its sends is refused for lack of space', async () => {
  const peers = await ActiveMqPeers.open(limited('sendFailIfNoSpace="true"'));
  const peer = await peers.stomp();
  const destination = '/queue/Q';
  for (let n = 0; n < 3; n++) peer.send('SEND', { destination }, body);
  peer.send('BEGIN', { transaction: 't' });
  const [error] = peer.call('SEND', { destination, transaction: 't' }, body);
  assert.match(error?.headers['message'] ?? '', /Usage Manager Memory Limit reached/);
  assert.equal(peer.call('COMMIT', { transaction: 't' })[0]?.command, 'ERROR');
  assert.equal(peers.b.ready('Q'), 3);
});

test('no producer waits without flow control or without an in-memory cursor', async () => {
  for (const xml of [
    limited('producerFlowControl="false"'),
    policyOf('queue="Q"', 'memoryLimit="4kb"'),
    policyOf('queue="Q"', 'memoryLimit="0"', inMemory),
  ]) {
    const peers = await ActiveMqPeers.open(xml);
    const peer = await peers.openwire('ID:o-1:1');
    peer.produce();
    for (let n = 0; n < 20; n++) peer.publish(queue('Q'), body);
    assert.equal(peer.isPaused, false);
    assert.equal(peers.b.ready('Q'), 20);
    assert.deepEqual(peers.warnings, []);
  }
});

test('a producer to a virtual topic waits while one of its queues is full', async () => {
  const of = 'queue="Consumer.A.VirtualTopic.T"';
  const peers = await ActiveMqPeers.open(policyOf(of, 'memoryLimit="4kb"', inMemory));
  const consumer = await peers.stomp();
  const queueName = '/queue/Consumer.A.VirtualTopic.T';
  consumer.call('SUBSCRIBE', { id: '1', destination: queueName });
  consumer.call('UNSUBSCRIBE', { id: '1' });
  const peer = await peers.stomp();
  for (let n = 0; n < 5; n++) peer.send('SEND', { destination: '/topic/VirtualTopic.T' }, body);
  assert.equal(peer.isPaused, true);
  assert.equal(peers.b.ready('Consumer.A.VirtualTopic.T'), 3);
});

test('full broker memory blocks producers of non-persistent messages', async () => {
  const { lines, parts } = logged();
  const peers = await ActiveMqPeers.open(
    '<systemUsage><systemUsage><memoryUsage><memoryUsage percentOfJvmHeap="50"/></memoryUsage></systemUsage></systemUsage>',
    '',
    { ...parts, limits: { memoryBytesMax: 100_000 } },
  );
  const peer = await peers.stomp();
  for (let n = 0; n < 60; n++) peer.send('SEND', { destination: '/queue/Q' }, body);
  peers.advance(100);
  peer.send('SEND', { destination: '/queue/Q' }, body);
  assert.equal(peer.isPaused, true);
  assert.match(lines.join(), /Usage Manager Memory Limit is full: \d+ of 50000 bytes/);
  await drain(peers);
  peers.advance(100);
  await peers.settled();
  assert.equal(peer.isPaused, false);
});
