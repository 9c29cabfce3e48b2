import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StompBroker, type StompPeer } from '../../../../../tests/support/stomp-peer.ts';
import { activeMqOf } from '../../../../broker/activemq/activemq.ts';
import {
  defaultPolicy,
  defaultSettings,
} from '../../../../broker/activemq/policies/destination-policy.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function send(peer: StompPeer, group: string, body: string, sequence?: number): void {
  const headers = { destination: '/queue/q', persistent: 'true', JMSXGroupID: group };
  const sequenced = sequence === undefined ? {} : { JMSXGroupSeq: String(sequence) };
  peer.send('SEND', { ...headers, ...sequenced }, body);
}

/** Consumers that get one message each before they acknowledge. */
async function consumers(b: StompBroker, count: number): Promise<StompPeer[]> {
  const peers = await Promise.all(Array.from({ length: count }, () => b.client()));
  for (const peer of peers) {
    const ack = { ack: 'client-individual', 'activemq.prefetchSize': '1' };
    peer.send('SUBSCRIBE', { id: 's', destination: '/queue/q', ...ack });
  }
  return peers;
}

/** Takes and acknowledges messages until there are none; returns the bodies. */
function work(peer: StompPeer): string[] {
  const bodies: string[] = [];
  for (let frames = peer.take(); frames.length > 0; frames = peer.take()) {
    for (const { headers, body } of frames) {
      bodies.push(body);
      peer.send('ACK', { id: headers['ack'] ?? '' });
    }
  }
  return bodies;
}

test('a group stays with its first consumer and waits while that consumer is full', async () => {
  const b = await StompBroker.open();
  const [one, two] = await consumers(b, 2);
  assert.ok(one !== undefined && two !== undefined);
  const sender = await b.client();
  for (const [group, body] of [
    ['a', 'a1'],
    ['b', 'b1'],
    ['a', 'a2'],
    ['b', 'b2'],
    ['a', 'a3'],
  ] as const) {
    send(sender, group, body);
  }
  sender.send('SEND', { destination: '/queue/q' }, 'plain');
  assert.deepEqual(work(two), ['b1', 'b2', 'plain'], 'it passes the messages of the other');
  assert.deepEqual(work(one), ['a1', 'a2', 'a3']);
});

test('the first message of a group is marked, and a negative sequence closes the group', async () => {
  const b = await StompBroker.open();
  const [one, two] = await consumers(b, 2);
  assert.ok(one !== undefined && two !== undefined);
  const sender = await b.client();
  send(sender, 'a', 'first', 1);
  const [first] = one.take();
  assert.equal(first?.headers['JMSXGroupFirstForConsumer'], 'true');
  assert.equal(first?.headers['JMSXGroupID'], 'a');
  one.send('ACK', { id: first?.headers['ack'] ?? '' });
  send(sender, 'a', 'zero', 0);
  const [zero] = one.take();
  assert.equal(zero?.headers['JMSXGroupFirstForConsumer'], undefined);
  one.send('ACK', { id: zero?.headers['ack'] ?? '' });
  send(sender, 'a', 'close', -1);
  send(sender, 'a', 'next');
  assert.deepEqual(work(one), ['close']);
  assert.deepEqual(work(two), ['next'], 'the group was free, and it was the turn of the other');
  send(sender, 'a', 'anew', 1);
  assert.deepEqual(work(one), ['anew'], 'sequence 1 begins the group anew');
  send(sender, 'a', 'more');
  assert.deepEqual(work(one), ['more']);
});

test('a closed consumer frees its groups, and its messages go to one other consumer in order', async () => {
  const b = await StompBroker.open();
  const [one, two, three] = await consumers(b, 3);
  assert.ok(one !== undefined && two !== undefined && three !== undefined);
  const sender = await b.client();
  for (let n = 1; n <= 4; n++) send(sender, 'a', String(n));
  assert.equal(one.take().length, 1);
  one.connection.ended();
  await turn();
  const bodies = [work(two), work(three)];
  assert.deepEqual(bodies.toSorted(), [[], ['1', '2', '3', '4']]);
});

test('a group has one consumer after a restart too, and selectors can use group headers', async () => {
  const first = await StompBroker.open();
  const sender = await first.client();
  for (let n = 0; n < 10; n++) send(sender, 'a', String(n));
  first.sync();
  const b = await StompBroker.open({}, first);
  const [one, two] = await consumers(b, 2);
  assert.ok(one !== undefined && two !== undefined);
  const bodies = [work(one), work(two)];
  assert.deepEqual(bodies.toSorted(), [[], Array.from({ length: 10 }, (_, n) => String(n))]);
  const other = await b.client();
  const selector = "JMSXGroupID = 'b' AND JMSXGroupSeq = 7";
  other.call('SUBSCRIBE', { id: 'o', destination: '/queue/q2', selector });
  for (const seq of [6, 7]) {
    const group = { JMSXGroupID: 'b', JMSXGroupSeq: String(seq) };
    sender.connection.ended();
    other.send('SEND', { destination: '/queue/q2', ...group }, String(seq));
  }
  assert.deepEqual(other.bodies(), ['7']);
});

test('messages of a committed transaction are assigned to their groups', async () => {
  const b = await StompBroker.open();
  const [one, two] = await consumers(b, 2);
  assert.ok(one !== undefined && two !== undefined);
  const sender = await b.client();
  sender.send('BEGIN', { transaction: 't' });
  const headers = { destination: '/queue/q', JMSXGroupID: 'a', transaction: 't' };
  for (const body of ['1', '2', '3']) sender.send('SEND', headers, body);
  sender.send('COMMIT', { transaction: 't' });
  assert.deepEqual([work(one), work(two)], [['1', '2', '3'], []]);
});

test('the policy limits the number of groups, and the oldest group is released', async () => {
  const b = await StompBroker.open();
  const policy = { ...defaultPolicy, groupCountMax: 1 };
  activeMqOf(b.broker).configure({ ...defaultSettings, policyOf: () => policy });
  const [one, two] = await consumers(b, 2);
  assert.ok(one !== undefined && two !== undefined);
  const sender = await b.client();
  send(sender, 'a', 'a1');
  assert.deepEqual(work(one), ['a1']);
  send(sender, 'b', 'b1');
  assert.deepEqual(work(two), ['b1']);
  send(sender, 'b', 'b2');
  assert.deepEqual(work(two), ['b2']);
  send(sender, 'a', 'a2');
  assert.deepEqual(work(one), ['a2']);
  send(sender, 'b', 'b3');
  assert.deepEqual(work(two), ['b3']);
});
