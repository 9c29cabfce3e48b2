import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker } from '../../../../../tests/support/stomp-peer.ts';
import { activeMqOf } from '../../../../broker/activemq/activemq.ts';
import {
  defaultPolicy,
  defaultSettings,
} from '../../../../broker/activemq/policies/destination-policy.ts';

test('consumers of a higher priority are filled first', async () => {
  const b = await StompBroker.open();
  const [low, high, sender] = [await b.client(), await b.client(), await b.client()];
  const subscribe = {
    id: 's',
    destination: '/queue/q',
    ack: 'client',
    'activemq.prefetchSize': '2',
  };
  low.call('SUBSCRIBE', subscribe);
  high.call('SUBSCRIBE', { ...subscribe, 'activemq.priority': '5' });
  for (let n = 1; n <= 5; n++) sender.send('SEND', { destination: '/queue/q' }, String(n));
  assert.deepEqual(
    [high.bodies(), low.bodies()],
    [
      ['1', '2'],
      ['3', '4'],
    ],
  );
  assert.equal(b.ready('q'), 1);
});

test('an exclusive consumer of higher priority takes over, and the next one succeeds it', async () => {
  const b = await StompBroker.open();
  const peers = [await b.client(), await b.client(), await b.client()];
  const [zero, five, three] = peers;
  assert.ok(zero !== undefined && five !== undefined && three !== undefined);
  const subscribe = { id: 's', destination: '/queue/q', 'activemq.exclusive': 'true' };
  const send = (body: string) => {
    three.send('SEND', { destination: '/queue/q' }, body);
    return peers.map((peer) => peer.bodies());
  };
  zero.call('SUBSCRIBE', { ...subscribe, 'activemq.priority': '0' });
  assert.deepEqual(send('1'), [['1'], [], []]);
  five.call('SUBSCRIBE', { ...subscribe, 'activemq.priority': '5' });
  three.call('SUBSCRIBE', { ...subscribe, 'activemq.priority': '3' });
  assert.deepEqual(send('2'), [[], ['2'], []]);
  five.call('UNSUBSCRIBE', { id: 's' });
  assert.deepEqual(send('3'), [[], [], ['3']]);
});

test('destination options are equivalent to headers and are removed from the name', async () => {
  const b = await StompBroker.open();
  const [plain, exclusive, sender] = [await b.client(), await b.client(), await b.client()];
  plain.call('SUBSCRIBE', { id: 's', destination: '/queue/q' });
  const destination =
    '/queue/q?consumer.exclusive=true&consumer.prefetchSize=1&consumer.unknown=x&other=1';
  exclusive.call('SUBSCRIBE', { id: 's', destination, ack: 'client' });
  for (const body of ['1', '2']) sender.send('SEND', { destination: '/queue/q?x=y' }, body);
  assert.deepEqual(plain.bodies(), []);
  const [frame, ...more] = exclusive.take();
  assert.deepEqual([frame?.headers['destination'], frame?.body, more.length], ['/queue/q', '1', 0]);
  const [wrong] = plain.call('SUBSCRIBE', {
    id: 'w',
    destination: '/queue/q?consumer.prefetchSize=many',
  });
  assert.match(wrong?.headers['message'] ?? '', /^The option prefetchSize .* not a whole number$/);
  const many = Array.from({ length: 33 }, (_, n) => `consumer.o${n}=1`).join('&');
  const [refused] = plain.call('SUBSCRIBE', { id: 'm', destination: `/queue/q?${many}` });
  assert.match(refused?.headers['message'] ?? '', /^more than 32 options/);
  const both = { id: 'b', destination: '/queue/z?consumer.prefetchSize=many' };
  assert.deepEqual(plain.call('SUBSCRIBE', { ...both, 'activemq.prefetchSize': '7' }), []);
});

test('a policy can make consumers exclusive or ignore their priority', async () => {
  const b = await StompBroker.open();
  const exclusive = { ...defaultPolicy, isExclusiveByDefault: true };
  const equal = { ...defaultPolicy, usesConsumerPriority: false };
  const policyOf = ({ name }: { name: string }) => (name === 'x' ? exclusive : equal);
  activeMqOf(b.broker).configure({ ...defaultSettings, policyOf });
  const [one, two] = [await b.client(), await b.client()];
  for (const name of ['x', 'p']) {
    const subscribe = { id: name, destination: `/queue/${name}` };
    one.send('SUBSCRIBE', { ...subscribe, 'activemq.priority': '1' });
    two.send('SUBSCRIBE', subscribe);
    for (const body of ['1', '2']) one.send('SEND', { destination: `/queue/${name}` }, name + body);
  }
  assert.deepEqual([one.bodies(), two.bodies()], [['x1', 'x2', 'p1'], ['p2']]);
});

test('with strict order dispatch, a consumer is filled before the next one gets messages', async () => {
  const b = await StompBroker.open();
  const policy = { ...defaultPolicy, isStrictOrder: true };
  activeMqOf(b.broker).configure({ ...defaultSettings, policyOf: () => policy });
  const peers = [await b.client(), await b.client(), await b.client()];
  for (const peer of peers) {
    const ack = { ack: 'client', 'activemq.prefetchSize': '2' };
    peer.send('SUBSCRIBE', { id: 's', destination: '/queue/q', ...ack });
  }
  for (let n = 1; n <= 5; n++) peers[2]?.send('SEND', { destination: '/queue/q' }, String(n));
  assert.deepEqual(
    peers.map((peer) => peer.bodies()),
    [['1', '2'], ['3', '4'], ['5']],
  );
  const exclusive = { id: 'x', destination: '/queue/x', 'activemq.exclusive': 'true' };
  for (const peer of peers) peer.send('SUBSCRIBE', exclusive);
  peers[0]?.send('SEND', { destination: '/queue/x' }, 'first');
  assert.deepEqual(peers[0]?.bodies(), ['first'], 'the first exclusive consumer stays');
});

test('a queue starts to dispatch after a number of consumers or after a time', async () => {
  const b = await StompBroker.open();
  const rules: Readonly<Record<string, { consumerCount: number; waitMs: number }>> = {
    two: { consumerCount: 2, waitMs: 0 },
    time: { consumerCount: 3, waitMs: 1000 },
  };
  const policyOf = ({ name }: { name: string }) => ({ ...defaultPolicy, start: rules[name] });
  activeMqOf(b.broker).configure({ ...defaultSettings, policyOf });
  const [one, two] = [await b.client(), await b.client()];
  const subscribe = (id: string) => ({ id, destination: `/queue/${id}`, ack: 'client' });
  for (const name of ['two', 'time', 'none']) {
    for (const n of ['1', '2']) one.send('SEND', { destination: `/queue/${name}` }, name + n);
    one.send('SUBSCRIBE', subscribe(name));
  }
  assert.deepEqual(one.bodies(), ['none1', 'none2']);
  two.send('SUBSCRIBE', subscribe('two'));
  assert.deepEqual([one.bodies(), two.bodies()], [['two1'], ['two2']]);
  two.send('SUBSCRIBE', subscribe('time'));
  b.clock.ms += 999;
  b.broker.tick();
  assert.deepEqual([one.bodies(), two.bodies()], [[], []]);
  b.clock.ms += 1;
  b.broker.tick();
  assert.deepEqual([one.bodies(), two.bodies()], [['time1'], ['time2']]);
  for (const peer of [one, two]) peer.connection.ended();
  await new Promise((resolve) => setImmediate(resolve));
  const next = await b.client();
  next.send('SUBSCRIBE', subscribe('two'));
  assert.deepEqual(next.bodies(), [], 'when all have left, it waits again');
  const last = await b.client();
  last.send('SUBSCRIBE', subscribe('two'));
  assert.equal(next.bodies().length + last.bodies().length, 2);
});
