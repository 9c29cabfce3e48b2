import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activeMqOf } from '../../src/broker/activemq/activemq.ts';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { StompBroker, type StompPeer } from '../support/stomp-peer.ts';

// Consumers of names with wildcards that stand for queues of virtual topics.

const wild = 'Consumer.A.VirtualTopic.>';

function subscribe(peer: StompPeer, name: string, id: string) {
  return peer.call('SUBSCRIBE', { id, destination: `/queue/${name}` });
}

const sender = (peer: StompPeer) => (topic: string, body: string) =>
  peer.call('SEND', { destination: `/topic/${topic}`, persistent: 'true', receipt: 'r' }, body);

test('the name is a queue with the messages of all topics, across a restart', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  const send = sender(await b.client());
  subscribe(peer, wild, 'w');
  send('VirtualTopic.T', '1');
  send('VirtualTopic.T.U', '2');
  send('Other.T', 'not of a virtual topic');
  assert.deepEqual(
    peer
      .take()
      .map(({ headers, body }) => [body, headers['destination'], headers['original-destination']]),
    [
      ['1', `/queue/${wild}`, '/topic/VirtualTopic.T'],
      ['2', `/queue/${wild}`, '/topic/VirtualTopic.T.U'],
    ],
  );
  peer.call('UNSUBSCRIBE', { id: 'w' });
  send('VirtualTopic.V', '3');
  b.sync();
  const after = await StompBroker.open({}, b);
  assert.equal(after.ready(wild), 1);
  sender(await after.client())('VirtualTopic.V', '4');
  const again = await after.client();
  assert.deepEqual(
    subscribe(again, wild, 'w').map(({ body }) => body),
    ['3', '4'],
  );
});

test('a consumer also consumes from the matching queues, as in ActiveMQ', async () => {
  const b = await StompBroker.open();
  const words = await b.client();
  const send = sender(await b.client());
  for (const name of [wild, 'Consumer.A.VirtualTopic.T']) {
    subscribe(words, name, 'o');
    words.call('UNSUBSCRIBE', { id: 'o' });
  }
  subscribe(words, 'Consumer.A.VirtualTopic.*', 'w');
  send('VirtualTopic.T', '1');
  const from = (peer: StompPeer) => peer.take().map(({ headers }) => headers['destination']);
  const own = '/queue/Consumer.A.VirtualTopic.*';
  assert.deepEqual(from(words).sort(), [own, '/queue/Consumer.A.VirtualTopic.T']);
  assert.equal(b.ready(wild), 1, 'its name does not cover that of the other queue');
});

test('wildcards of one word work in the topic and in the prefix', async () => {
  const b = await StompBroker.open();
  const [word, prefix] = [await b.client(), await b.client()];
  const send = sender(await b.client());
  subscribe(word, 'Consumer.A.VirtualTopic.*', 'w');
  subscribe(prefix, 'Consumer.*.VirtualTopic.T', 'p');
  send('VirtualTopic.T', '1');
  send('VirtualTopic.U', '2');
  send('VirtualTopic.T.U', '3');
  assert.deepEqual([word.bodies(), prefix.bodies()], [['1', '2'], ['1']]);
});

test('the queue takes messages of its own, is browsed, and ends as others do', async () => {
  const b = await StompBroker.open();
  const peer = await b.client();
  subscribe(peer, wild, 'w');
  peer.call('UNSUBSCRIBE', { id: 'w' });
  peer.call('SEND', { destination: `/queue/${wild}` }, 'retried');
  assert.equal(b.ready(wild), 1);
  const browsed = peer.call('SUBSCRIBE', {
    id: 'b',
    destination: `/queue/${wild}`,
    browser: 'true',
  });
  assert.equal(browsed[0]?.body, 'retried');
  const refused = peer.call('SEND', { destination: '/queue/Consumer.A.Other.>' }, 'x');
  assert.match(refused[0]?.headers['message'] ?? '', /cannot be sent to a name with wildcards/);
});

test('a name that may match advisories is no queue of a virtual topic', async () => {
  const peers = await ActiveMqPeers.open(
    '<destinationInterceptors><virtualDestinationInterceptor><virtualDestinations>' +
      '<virtualTopic name="&gt;" prefix="Consumer.*."/>' +
      '</virtualDestinations></virtualDestinationInterceptor></destinationInterceptors>',
  );
  const { b } = peers;
  const peer = await peers.stomp();
  for (const [at, name] of ['>', '*.>', 'ActiveMQ.>', 'ActiveMQ.Advisory.Queue'].entries()) {
    subscribe(peer, `Consumer.A.${name}`, String(at));
    const queue = b.broker.vhost('/').queues.get(`Consumer.A.${name}`);
    const bindings =
      queue === undefined ? [] : activeMqOf(b.broker).topicExchange.bindingsTo(queue);
    assert.deepEqual([...bindings], [], name);
  }
  assert.equal(activeMqOf(b.broker).topicExchange.brokerTopicBindingCount, 0);
  subscribe(peer, 'Consumer.A.T.>', 'T');
  sender(await peers.stomp())('T.U', '1');
  assert.deepEqual(peer.bodies(), ['1']);
});
