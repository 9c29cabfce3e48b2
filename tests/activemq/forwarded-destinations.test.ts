import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { type OpenWirePeer, queue, topic } from '../support/openwire-peer.ts';

// The destinations that consumers are shown, if a message was sent to a composite destination of the
// configuration: their own, and the composite one as the original.

const configuration = `<destinationInterceptors>
  <mirroredQueue prefix="Mirror."/>
  <virtualDestinationInterceptor><virtualDestinations>
    <compositeQueue name="C" forwardOnly="false"><forwardTo>
      <queue physicalName="A"/><topic physicalName="T.one"/><topic physicalName="T.two"/>
    </forwardTo></compositeQueue>
    <compositeTopic name="D" forwardOnly="false"><forwardTo>
      <queue physicalName="A"/><topic physicalName="E"/>
    </forwardTo></compositeTopic>
  </virtualDestinations></virtualDestinationInterceptor>
</destinationInterceptors>`;

/** The destinations of the messages that have come, and their original ones. */
function shown(peer: OpenWirePeer): (string | undefined)[][] {
  return peer.dispatches().map(({ destination, message }) => {
    assert.equal(message?.destination?.physicalName, destination?.physicalName);
    return [destination?.physicalName, message?.originalDestination?.physicalName];
  });
}

test('an OpenWire consumer of a target is shown the target', async () => {
  const peers = await ActiveMqPeers.open(configuration);
  const consumers = new Map<string, OpenWirePeer>();
  const all = [
    queue('A'),
    queue('C'),
    topic('T.one'),
    topic('T.two'),
    topic('T.*'),
    topic('Mirror.C'),
  ];
  for (const [at, destination] of [...all, topic('D'), topic('E')].entries()) {
    const peer = await peers.openwire(`ID:o-${at}:1`);
    peer.consume(1, destination);
    consumers.set(destination.physicalName ?? '', peer);
  }
  await peers.settled();
  for (const peer of consumers.values()) peer.take();
  const sender = await peers.openwire('ID:s-1:1');
  sender.produce();
  const after = async (to: ReturnType<typeof queue>) => {
    sender.publish(to, 'x');
    await peers.settled();
    return Object.fromEntries([...consumers].map(([name, peer]) => [name, shown(peer)]));
  };
  assert.deepEqual(await after(queue('C')), {
    A: [['A', 'C']],
    C: [['C', undefined]],
    'T.one': [['T.one', 'C']],
    'T.two': [['T.two', 'C']],
    'T.*': [['T.one', 'C']],
    'Mirror.C': [['Mirror.C', undefined]],
    D: [],
    E: [],
  });
  const sent = await after(topic('D'));
  assert.deepEqual(
    [sent['A'], sent['D'], sent['E']],
    [[['A', 'D']], [['D', undefined]], [['E', 'D']]],
  );
});

test('STOMP and MQTT show the same destinations', async () => {
  const peers = await ActiveMqPeers.open(configuration);
  const stomp = await peers.stomp();
  for (const destination of ['/queue/A', '/topic/T.two', '/queue/C']) {
    stomp.call('SUBSCRIBE', { id: destination, destination });
  }
  const mqtt = await peers.mqtt({ clientId: 'm' });
  mqtt.subscribe({ 'T/two': 1 });
  await peers.settled();
  mqtt.take();
  const frames = stomp.call('SEND', { destination: '/queue/C' }, 'x');
  const headers = frames.map(({ headers: all }) => [
    all['destination'],
    all['original-destination'],
  ]);
  assert.deepEqual(headers.sort(), [
    ['/queue/A', '/queue/C'],
    ['/queue/C', undefined],
    ['/topic/T.two', '/queue/C'],
  ]);
  await peers.settled();
  const [received] = mqtt.messages();
  assert.deepEqual([received?.topic, received?.qos], ['T/two', 0], 'the message is not persistent');
});

test('a dead letter of a subscription states the topic of its target, whose policy applies', async () => {
  const individual = (kind: string) =>
    `<policyEntry ${kind}="&gt;"><deadLetterStrategy><individualDeadLetterStrategy
      queuePrefix="DQ." topicPrefix="DT." useQueueForTopicMessages="true"/></deadLetterStrategy></policyEntry>`;
  const policies = `<destinationPolicy><policyMap><policyEntries>
    ${individual('queue')}${individual('topic')}
  </policyEntries></policyMap></destinationPolicy>`;
  const peers = await ActiveMqPeers.open(configuration + policies);
  const sender = await peers.stomp();
  for (const [at, pattern] of ['T.two', 'T.*'].entries()) {
    const peer = await peers.stomp({ 'client-id': `c${at}` });
    const subscription = { 'activemq.subscriptionName': 's', ack: 'client-individual', id: 's' };
    peer.call('SUBSCRIBE', { destination: `/topic/${pattern}`, ...subscription });
    sender.call('SEND', { destination: '/queue/C', persistent: 'true' }, pattern);
    await peers.settled();
    const frames = peer.take();
    assert.equal(frames.length, 1, 'one copy');
    peer.call('NACK', { id: frames[0]?.headers['ack'] ?? '' });
    peer.call('UNSUBSCRIBE', { id: 's' });
    await peers.settled();
  }
  const letters = await peers.stomp();
  const read = (name: string) =>
    letters
      .call('SUBSCRIBE', { id: name, destination: `/queue/${name}` })
      .map(({ headers, body }) => [headers['original-destination'], body]);
  assert.deepEqual(read('DT.T.two'), [['/topic/T.two', 'T.two']]);
  assert.deepEqual(read('DT.T.one'), [['/topic/T.one', 'T.*']]);
  assert.deepEqual(read('DQ.C'), []);
});

test('a message whose targets have too many subscriptions is refused as a whole', async () => {
  const limits = { forwardStepCountMax: 30 };
  const peers = await ActiveMqPeers.open(configuration, '', { limits });
  const subscriber = await peers.stomp();
  const sender = await peers.stomp();
  const send = (destination: string) =>
    sender.call('SEND', { destination, receipt: 'r' }, 'x')[0]?.headers['message'];
  const subscribe = (id: number) =>
    subscriber.call('SUBSCRIBE', { id: String(id), destination: '/topic/T.>' });
  subscribe(0);
  assert.equal(send('/queue/C'), undefined);
  assert.equal(subscriber.take().length, 1);
  for (let id = 1; id < 20; id++) subscribe(id);
  assert.equal(
    send('/queue/C'),
    'message cannot be forwarded: the subscriptions to its targets take more than 30 steps',
  );
  assert.equal(subscriber.take().length, 0);
  assert.equal(peers.b.ready('A'), 1);
  assert.equal(
    send('/topic/T.one'),
    undefined,
    'a message that is not forwarded has no such limit',
  );
  assert.equal(subscriber.take().length, 20);
});
