import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker } from '../../../../tests/support/stomp-peer.ts';
import { configureActiveMq } from '../../../broker/activemq/activemq.ts';
import {
  type ActiveMqConfiguration,
  defaultConfiguration,
  defaultConfiguredPolicy,
} from '../../../broker/activemq/configuration.ts';

async function open(changes: Partial<ActiveMqConfiguration>, before?: StompBroker) {
  const b = await StompBroker.open({}, before);
  configureActiveMq(b.broker, { ...defaultConfiguration, ...changes });
  return { b, peer: await b.client() };
}

const queue = (name: string) => ({ kind: 'queue', name }) as const;
const topic = (name: string) => ({ kind: 'topic', name }) as const;

test('a composite queue forwards to its targets by selector, and to itself only if configured', async () => {
  const { b, peer } = await open({
    composites: [
      {
        of: queue('ALL'),
        keeps: 'none',
        targets: [
          { address: queue('A'), selector: undefined },
          { address: queue('RED'), selector: "color = 'red'" },
          { address: topic('T'), selector: undefined },
        ],
      },
      {
        of: queue('KEPT.*'),
        keeps: 'all',
        targets: [{ address: queue('ALL'), selector: undefined }],
      },
      {
        of: topic('NEWS'),
        keeps: 'none',
        targets: [{ address: queue('A'), selector: undefined }],
      },
    ],
  });
  const reader = await b.client();
  reader.call('SUBSCRIBE', { id: 't', destination: '/topic/T' });
  peer.call('SEND', { destination: '/queue/ALL', color: 'red' }, '1');
  peer.call('SEND', { destination: '/queue/ALL', color: 'blue' }, '2');
  assert.deepEqual(reader.bodies(), ['1', '2']);
  assert.deepEqual([b.ready('ALL'), b.ready('A'), b.ready('RED')], [0, 2, 1]);
  peer.call('SEND', { destination: '/queue/KEPT.1' }, '3');
  assert.deepEqual([b.ready('KEPT.1'), b.ready('ALL')], [1, 1], 'copies are not forwarded again');
  reader.call('SUBSCRIBE', { id: 'n', destination: '/topic/NEWS' });
  peer.call('SEND', { destination: '/topic/NEWS' }, '4');
  assert.deepEqual(reader.bodies(), []);
  const frames = peer.call('SUBSCRIBE', { id: 'a', destination: '/queue/A' });
  assert.deepEqual(
    frames.map(({ headers, body }) => [headers['destination'], body]),
    ['1', '2', '4'].map((body) => ['/queue/A', body]),
  );
});

test('a composite destination can keep what no target wants', async () => {
  const targets = [
    { address: queue('RED'), selector: "color = 'red'" },
    { address: topic('BIG'), selector: "size = 'big'" },
  ];
  const { b, peer } = await open({
    composites: [
      { of: queue('ALL'), keeps: 'unmatched', targets },
      { of: topic('NEWS'), keeps: 'unmatched', targets },
    ],
  });
  const reader = await b.client();
  reader.call('SUBSCRIBE', { id: 'n', destination: '/topic/NEWS' });
  for (const destination of ['/queue/ALL', '/topic/NEWS']) {
    peer.call('SEND', { destination, color: 'red' }, 'red');
    peer.call('SEND', { destination, color: 'blue' }, 'blue');
    peer.call('SEND', { destination, size: 'big' }, 'big');
  }
  assert.deepEqual([b.ready('ALL'), b.ready('RED')], [1, 2], 'a target without consumers counts');
  assert.deepEqual(reader.bodies(), ['blue']);
});

test('the RECEIPT for a composite destination is sent once all copies are on disk', async () => {
  const targets = ['A', 'B'].map((name) => ({ address: queue(name), selector: undefined }));
  const composites = [{ of: queue('ALL'), keeps: 'none' as const, targets }];
  const { b, peer } = await open({ composites });
  const message = { destination: '/queue/ALL', persistent: 'true', receipt: '1' };
  assert.deepEqual(peer.call('SEND', message, 'x'), []);
  b.sync();
  assert.equal(peer.take()[0]?.command, 'RECEIPT');
  const after = await open({ composites }, b);
  assert.deepEqual([after.b.ready('A'), after.b.ready('B'), after.b.ready('ALL')], [1, 1, 0]);
});

test('queues follow the virtual topics of the current configuration', async () => {
  const send = { destination: '/topic/orders.new' };
  const own = {
    virtualTopics: [{ name: 'orders.*', prefix: 'in.*.', postfix: '', isSelectorAware: false }],
  };
  const { b, peer } = await open(own);
  peer.call('SUBSCRIBE', { id: '1', destination: '/queue/in.a.orders.new' });
  peer.call('SUBSCRIBE', { id: '2', destination: '/queue/Consumer.a.VirtualTopic.T' });
  peer.call('UNSUBSCRIBE', { id: '1' });
  peer.call('UNSUBSCRIBE', { id: '2' });
  peer.call('SEND', { ...send, persistent: 'true' }, 'x');
  peer.call('SEND', { destination: '/topic/VirtualTopic.T' }, 'y');
  assert.equal(b.ready('in.a.orders.new'), 1);
  assert.equal(b.ready('Consumer.a.VirtualTopic.T'), 0, 'listed topics replace the default one');
  b.sync();
  const after = await open({}, b);
  after.peer.call('SEND', send, 'x');
  after.peer.call('SEND', { destination: '/topic/VirtualTopic.T' }, 'y');
  assert.equal(after.b.ready('in.a.orders.new'), 1, 'no longer bound');
  assert.equal(after.b.ready('Consumer.a.VirtualTopic.T'), 1);
});

test('durable subscriptions keep their topics with any virtual topics', async () => {
  const own = { virtualTopics: [{ name: '>', prefix: '*.', postfix: '', isSelectorAware: false }] };
  const { b } = await open(own);
  const durable = { id: 'd', 'activemq.subscriptionName': 's', destination: '/topic/T' };
  const peer = await b.client({ 'client-id': 'c' });
  peer.call('SUBSCRIBE', durable);
  peer.call('DISCONNECT', { receipt: '1' });
  b.sync();
  const after = await open(own, b);
  after.peer.call('SEND', { destination: '/topic/T', persistent: 'true' }, 'x');
  const again = await after.b.client({ 'client-id': 'c' });
  const frames = again.call('SUBSCRIBE', durable);
  assert.deepEqual(
    frames.map(({ body }) => body),
    ['x'],
  );
});

test('timestamps and persistence are changed before a message is stored', async () => {
  const timeStamping = { ttlMsDefault: 0, ttlMsMax: 5000, isFutureOnly: false };
  const { b, peer } = await open({ timeStamping, forcedPersistence: false, populatesUserId: true });
  const nowMs = b.broker.nowMs();
  const times = { timestamp: String(nowMs - 1000), expires: String(nowMs + 60_000) };
  const forged = { JMSXUserID: 'eve', persistent: 'true' };
  peer.call('SEND', { destination: '/queue/Q', ...times, ...forged }, 'x');
  const [message] = peer.call('SUBSCRIBE', { id: 'q', destination: '/queue/Q', ack: 'client' });
  assert.equal(message?.headers['timestamp'], String(nowMs));
  assert.equal(message?.headers['expires'], String(nowMs + 5000));
  assert.equal(message?.headers['persistent'], undefined);
  assert.equal(message?.headers['JMSXUserID'], 'bob');
  b.sync();
  assert.equal((await StompBroker.open({}, b)).ready('Q'), 0, 'it was only in memory');
});

test('policies set prefetch and priorities, and configured queues exist from the start', async () => {
  const policy = { ...defaultConfiguredPolicy, queuePrefetch: 2, isPrioritized: true };
  const { b, peer } = await open({
    policies: [{ of: queue('P.>'), policy }],
    queues: ['P.start', 'other'],
  });
  assert.deepEqual([b.ready('P.start'), b.ready('other')], [0, 0]);
  for (const priority of ['1', '9', '5', '9']) {
    peer.call('SEND', { destination: '/queue/P.1', priority }, priority);
    peer.call('SEND', { destination: '/queue/other', priority }, priority);
  }
  const ack = 'client-individual';
  const bodies = (id: string, destination: string, more: Record<string, string> = {}) =>
    peer.call('SUBSCRIBE', { id, destination, ack, ...more }).map(({ body }) => body);
  assert.deepEqual(bodies('1', '/queue/P.1'), ['9', '9']);
  assert.deepEqual(bodies('2', '/queue/P.1', { 'activemq.prefetchSize': '1' }), ['5']);
  assert.deepEqual(bodies('3', '/queue/other'), ['1', '9', '5', '9']);
});

test('durable subscriptions can be refused', async () => {
  const { b } = await open({ rejectsDurableConsumers: true });
  const peer = await b.client({ 'client-id': 'c' });
  const name = { 'activemq.subscriptionName': 's' };
  const [error] = peer.call('SUBSCRIBE', { id: 'd', destination: '/topic/T', ...name });
  assert.equal(error?.headers['message'], 'Durable Consumers are not allowed');
  assert.deepEqual(peer.call('SUBSCRIBE', { id: 't', destination: '/topic/T' }), []);
});
