import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker, type StompPeer } from '../../../../../tests/support/stomp-peer.ts';
import { activeMqOf } from '../../../../broker/activemq/activemq.ts';
import {
  type ActiveMqSettings,
  type DeadLetterStrategy,
  defaultPolicy,
  defaultRedelivery,
  defaultSettings,
  defaultStrategy,
  type RedeliverySettings,
  retryPolicyOf,
} from '../../../../broker/activemq/policies/destination-policy.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));
async function turns(count = 20): Promise<void> {
  for (let n = 0; n < count; n++) await turn();
}

function configure(b: StompBroker, settings: Partial<ActiveMqSettings>): void {
  activeMqOf(b.broker).configure({ ...defaultSettings, ...settings });
}

/** All destinations have this strategy. */
function strategy(b: StompBroker, deadLetters: Partial<DeadLetterStrategy>): void {
  const policy = { ...defaultPolicy, deadLetters: { ...defaultStrategy, ...deadLetters } };
  configure(b, { policyOf: () => policy });
}

function redelivery(settings: Partial<RedeliverySettings>): ActiveMqSettings['redelivery'] {
  const policy = retryPolicyOf({ ...defaultRedelivery, ...settings });
  return {
    policyOf: ({ name }) => (name.startsWith('none') ? undefined : policy),
    fallsBackToDeadLetter: false,
    sendsExhaustedToDeadLetter: true,
  };
}

async function pass(b: StompBroker, ms: number): Promise<void> {
  b.clock.ms += ms;
  b.broker.tick();
  await turns(2);
}

/** Rejects the only message in each delivery; returns its headers. */
function nack(peer: StompPeer): Readonly<Record<string, string>> | undefined {
  const [frame] = peer.take();
  if (frame !== undefined) peer.send('NACK', { id: frame.headers['ack'] ?? '' });
  return frame?.headers;
}

const individual = { ack: 'client-individual', id: 's' };

test('each lost connection increments the delivery count, which selectors see and crashes keep', async () => {
  const b = await StompBroker.open();
  const sender = await b.client();
  sender.send('SEND', { destination: '/queue/q', persistent: 'true' }, 'm');
  b.sync();
  const none = { id: 'n', destination: '/queue/q', selector: 'JMSXDeliveryCount > 3' };
  for (let n = 0; n < 3; n++) {
    const peer = await b.client();
    const selector = `JMSXDeliveryCount = ${n + 1} AND JMSRedelivered = ${n > 0 ? 'TRUE' : 'FALSE'}`;
    const [frame] = peer.call('SUBSCRIBE', { ...individual, destination: '/queue/q', selector });
    assert.equal(frame?.headers['redelivered'], n > 0 ? 'true' : undefined, selector);
    peer.connection.ended();
    await turns();
  }
  b.sync();
  const after = await StompBroker.open({}, b);
  const peer = await after.client();
  assert.equal(peer.call('SUBSCRIBE', none)[0]?.body, 'm');
});

test('delivery counts are kept per queue', async () => {
  const b = await StompBroker.open();
  const [one, two] = [await b.client(), await b.client()];
  const queues = ['a', 'b'].map((name) => `/queue/Consumer.${name}.VirtualTopic.T`);
  const [a = '', other = ''] = queues;
  one.call('SUBSCRIBE', { ...individual, destination: a });
  two.call('SUBSCRIBE', { id: 'x', destination: other, ack: 'client' });
  two.call('UNSUBSCRIBE', { id: 'x' });
  one.call('SEND', { destination: '/topic/VirtualTopic.T' }, 'm');
  one.connection.ended();
  await turns();
  for (const [destination, count] of [
    [a, 2],
    [other, 1],
  ] as const) {
    const selector = `JMSXDeliveryCount = ${count}`;
    const [frame] = two.call('SUBSCRIBE', { id: destination, destination, selector });
    assert.equal(frame?.body, 'm', destination);
  }
});

test('a rejected message goes to ActiveMQ.DLQ with its origin and id, and its deliveries count anew', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const send = { destination: '/queue/q', persistent: 'true', colour: 'blue' };
  peer.send('SEND', send, 'm');
  const first = await b.client();
  first.call('SUBSCRIBE', { ...individual, destination: '/queue/q' });
  first.connection.ended();
  await turns();
  const [frame] = peer.call('SUBSCRIBE', { ...individual, destination: '/queue/q' });
  const expires = String(b.clock.ms + 60_000);
  peer.send('NACK', { id: frame?.headers['ack'] ?? '' });
  await turns();
  const [dead] = peer.call('SUBSCRIBE', {
    id: 'd',
    destination: '/queue/ActiveMQ.DLQ',
    selector: 'JMSXDeliveryCount = 1 AND originalExpiration = 0',
    ack: 'client',
  });
  const headers = dead?.headers ?? {};
  assert.equal(dead?.body, 'm');
  assert.equal(headers['message-id'], frame?.headers['message-id']);
  assert.equal(headers['original-destination'], '/queue/q');
  assert.equal(headers['originalExpiration'], '0');
  assert.equal(headers['originalDeliveryMode'], undefined);
  assert.equal(headers['dlqDeliveryFailureCause'], undefined, 'a NACK states no cause');
  assert.equal(headers['colour'], 'blue');
  peer.send('NACK', { id: headers['ack'] ?? '' });
  await turns();
  assert.equal(b.ready('ActiveMQ.DLQ'), 0, 'a dead letter that is rejected is gone');
  peer.send('SEND', { ...send, expires }, 'old');
  const [late] = peer.take();
  peer.send('NACK', { id: late?.headers['ack'] ?? '' });
  await turns();
  assert.equal(peer.take()[0]?.headers['expires'], undefined, 'the selector does not want it');
  assert.equal(b.ready('ActiveMQ.DLQ'), 1);
});

test('a dead letter strategy sets which messages are kept, where, and for how long', async () => {
  const b = await StompBroker.open();
  strategy(b, {
    kind: 'individual',
    queuePrefix: 'DEAD.',
    topicPrefix: 'DEAD.T.',
    takesNonPersistent: true,
    isPerSubscription: true,
    expirationMs: 5000,
  });
  const peer = await b.client({ 'client-id': 'c' });
  const read = { ...individual, destination: '/queue/q' };
  const durable = { id: 't', destination: '/topic/t', 'activemq.subscriptionName': 'n' };
  peer.call('SUBSCRIBE', read);
  peer.call('SUBSCRIBE', { ...durable, ack: 'client-individual' });
  for (const destination of ['/queue/q', '/topic/t']) {
    const [frame] = peer.call('SEND', { destination }, destination);
    peer.send('NACK', { id: frame?.headers['ack'] ?? '' });
  }
  await turns();
  assert.deepEqual([b.ready('DEAD.q'), b.ready('DEAD.T.t.c:n')], [1, 1]);
  const [dead] = peer.call('SUBSCRIBE', { ...individual, id: 'd', destination: '/queue/DEAD.q' });
  assert.equal(dead?.headers['originalDeliveryMode'], 'NON_PERSISTENT');
  assert.equal(dead?.headers['persistent'], 'true');
  assert.equal(dead?.headers['expires'], String(b.clock.ms + 5000));
  peer.send('NACK', { id: dead?.headers['ack'] ?? '' });
  await pass(b, 5001);
  await turns();
  const names = [...b.broker.vhost('/').queues.keys()].filter((name) => name.startsWith('DEAD'));
  assert.deepEqual(names, ['DEAD.q', 'DEAD.T.t.c:n'], 'no dead letters of dead letters');
  assert.deepEqual([b.ready('DEAD.q'), b.ready('DEAD.T.t.c:n')], [0, 0]);
});

test('dead letters to a topic go to its subscribers according to their selectors', async () => {
  const b = await StompBroker.open();
  strategy(b, { kind: 'individual', usesQueueForQueues: false, queuePrefix: 'D.' });
  const peer = await b.client();
  for (const colour of ['red', 'blue']) {
    peer.call('SUBSCRIBE', { id: colour, destination: '/topic/D.>', selector: `c = '${colour}'` });
  }
  peer.call('SUBSCRIBE', { ...individual, destination: '/queue/q' });
  const [frame] = peer.call('SEND', { destination: '/queue/q', persistent: 'true', c: 'red' }, 'm');
  peer.send('NACK', { id: frame?.headers['ack'] ?? '' });
  await turns();
  assert.deepEqual(
    peer.take().map(({ headers }) => [headers['subscription'], headers['destination']]),
    [['red', '/topic/D.q']],
  );
});

test('the topic of a shared strategy gets dead letters, and those of its durable subscriptions end', async () => {
  const b = await StompBroker.open();
  strategy(b, { target: { kind: 'topic', name: 'DEAD' } });
  const peer = await b.client({ 'client-id': 'c' });
  const durable = { id: 'd', destination: '/topic/DEAD', 'activemq.subscriptionName': 'n' };
  peer.call('SUBSCRIBE', { ...durable, ack: 'client-individual' });
  peer.call('SUBSCRIBE', { ...individual, destination: '/queue/q' });
  peer.send('SEND', { destination: '/queue/q', persistent: 'true' }, 'm');
  nack(peer);
  await turns();
  const [dead] = peer.take();
  assert.deepEqual(
    [dead?.headers['destination'], dead?.headers['original-destination'], dead?.body],
    ['/topic/DEAD', '/queue/q', 'm'],
  );
  assert.equal(b.ready('ActiveMQ.DLQ'), 0);
  peer.send('NACK', { id: dead?.headers['ack'] ?? '' });
  await turns();
  assert.deepEqual(peer.take(), [], 'a dead letter that is rejected is gone');
});

test('discarded dead letters and unwanted expired messages are dropped', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const expired = { destination: '/queue/q', persistent: 'true', expires: '1' };
  strategy(b, { takesExpired: false });
  peer.call('SEND', expired, 'old');
  await turns();
  strategy(b, { kind: 'discarding' });
  peer.call('SEND', expired, 'old');
  peer.call('SUBSCRIBE', { ...individual, destination: '/queue/q' });
  const [frame] = peer.call('SEND', { destination: '/queue/q', persistent: 'true' }, 'm');
  peer.send('NACK', { id: frame?.headers['ack'] ?? '' });
  await turns();
  assert.deepEqual([b.ready('q'), b.ready('ActiveMQ.DLQ')], [0, 0]);
});

test('a rejected message is redelivered up to the policy limit, with growing delays', async () => {
  const b = await StompBroker.open();
  const settings = { maximumRedeliveries: 2, initialRedeliveryDelay: 1000, redeliveryDelay: 3000 };
  configure(b, { redelivery: redelivery(settings) });
  const peer = await b.client();
  peer.call('SUBSCRIBE', { ...individual, destination: '/queue/q' });
  peer.send('SEND', { destination: '/queue/q' }, 'm');
  const id = nack(peer)?.['message-id'];
  for (const delayMs of [1000, 3000]) {
    await pass(b, delayMs - 1);
    assert.deepEqual(peer.take(), []);
    await pass(b, 1);
    const headers = nack(peer);
    assert.equal(headers?.['message-id'], id);
    assert.equal(headers?.['redelivered'], 'true');
    assert.equal(headers?.['redeliveryDelay'], String(delayMs));
    assert.match(headers?.['scheduledJobId'] ?? '', /^ID:schedule:\d+$/);
  }
  await turns();
  await pass(b, 100_000);
  assert.deepEqual([b.ready('q'), b.ready('ActiveMQ.DLQ')], [0, 0], 'it was not persistent');
});

test('a pending redelivery survives a crash, counts, and the last rejection is dead-lettered', async () => {
  const b = await StompBroker.open();
  const settings = { redelivery: redelivery({ maximumRedeliveries: 1, redeliveryDelay: 1000 }) };
  configure(b, settings);
  const peer = await b.client();
  peer.call('SUBSCRIBE', { ...individual, destination: '/queue/q' });
  peer.send('SEND', { destination: '/queue/q', persistent: 'true' }, 'm');
  nack(peer);
  await turns();
  b.sync();
  const after = await StompBroker.open({}, b);
  configure(after, settings);
  const selector = 'JMSXDeliveryCount = 2';
  const again = await after.client();
  again.call('SUBSCRIBE', { ...individual, destination: '/queue/q', selector });
  assert.equal(after.ready('q'), 0);
  await pass(after, 1000);
  assert.equal(nack(again)?.['redeliveryDelay'], '1000');
  await turns();
  assert.deepEqual([after.ready('q'), after.ready('ActiveMQ.DLQ')], [0, 1]);
});

test('without a redelivery policy, a rejected message is dead-lettered or dropped as configured', async () => {
  const b = await StompBroker.open();
  const rules = redelivery({});
  configure(b, { redelivery: rules });
  const peer = await b.client();
  peer.call('SUBSCRIBE', { ...individual, destination: '/queue/none' });
  const send = { destination: '/queue/none', persistent: 'true' };
  peer.send('SEND', send, 'm');
  nack(peer);
  await turns();
  assert.equal(b.ready('ActiveMQ.DLQ'), 0);
  configure(b, { redelivery: rules && { ...rules, fallsBackToDeadLetter: true } });
  peer.send('SEND', send, 'm');
  nack(peer);
  await turns();
  assert.equal(b.ready('ActiveMQ.DLQ'), 1);
});

test('redelivery delays grow by the factor up to the maximum and are randomised', () => {
  const policy = retryPolicyOf({
    ...defaultRedelivery,
    maximumRedeliveries: -1,
    useExponentialBackOff: true,
    maximumRedeliveryDelay: 60_000,
    useCollisionAvoidance: true,
  });
  assert.equal(policy.retryCountMax, Infinity);
  assert.equal(policy.spread, 0.15);
  assert.equal(policy.delayMsMax, 60_000);
  assert.deepEqual(policy.backOff, { kind: 'factor', by: 5 });
  assert.equal(retryPolicyOf(defaultRedelivery).retryCountMax, 6);
});
