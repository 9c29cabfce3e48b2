import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '../../src/broker/conversion/value.ts';
import {
  type Composite,
  compositeCodes,
  writeComposite,
} from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import {
  destinationInfo,
  type Message,
  removeInfo,
  transactionInfo,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import { readProperties } from '../../src/protocols/openwire/conversion/properties.ts';
import { idText } from '../../src/protocols/openwire/ids.ts';
import { ActiveMqPeers, policyOf } from '../support/activemq-peers.ts';
import { message, textMessage } from '../support/amqp10-peer.ts';
import { type OpenWirePeer, queue, textOf, topic } from '../support/openwire-peer.ts';

// Advisories: what a consumer of their topics is told.

const prefix = 'ActiveMQ.Advisory.';

/** Consumes from advisory topics. */
async function watch(peers: ActiveMqPeers, ...topics: readonly string[]): Promise<OpenWirePeer> {
  const peer = await peers.openwire('ID:w-1:1');
  peer.consume(1, topic(topics.map((name) => prefix + name).join(',')));
  return peer;
}

function propertiesOf(message: Message): Record<string, unknown> {
  const fields = readProperties(message.marshalledProperties);
  return Object.fromEntries(fields.map(([name, value]) => [name, toJson(value)]));
}

/** The advisories that have come, once the work of the broker is done. */
async function advisories(peers: ActiveMqPeers, peer: OpenWirePeer) {
  await peers.settled();
  return peer.dispatches().map(({ message, destination }) => {
    assert.ok(message);
    const { originBrokerName, originBrokerId, originBrokerURL, ...others } = propertiesOf(message);
    return {
      topic: destination?.physicalName?.slice(prefix.length),
      data: message.dataStructure,
      properties: others,
      origin: { originBrokerName, originBrokerId, originBrokerURL },
      message,
    };
  });
}

const topicsOf = (found: readonly { readonly topic: string | undefined }[]) =>
  found.map((each) => each.topic);

test('advisories report the creation and deletion of destinations in all protocols', async () => {
  const peers = await ActiveMqPeers.open();
  const peer = await watch(peers, 'Queue', 'Topic');
  const present = await advisories(peers, peer);
  assert.deepEqual(topicsOf(present), ['Queue']);
  const stomp = await peers.stomp();
  stomp.call('SEND', { destination: '/queue/A' }, 'x');
  stomp.call('SEND', { destination: '/topic/B' }, 'x');
  const other = await peers.openwire('ID:o-1:1');
  other.send(destinationInfo({ destination: queue('C') }));
  other.send(destinationInfo({ destination: queue('C'), operationType: 1 }));
  other.send(destinationInfo({ destination: topic('B'), operationType: 1 }));
  const mqtt = await peers.mqtt({ clientId: 'm' });
  mqtt.publish('M', 'x');
  const found = await advisories(peers, peer);
  const told = found.map(({ topic: kind, data }) => {
    assert.ok(data?.type === types.DestinationInfo);
    return [kind, data.destination?.physicalName, data.operationType];
  });
  assert.deepEqual(told, [
    ['Queue', 'A', 0],
    ['Topic', 'B', 0],
    ['Queue', 'C', 0],
    ['Queue', 'C', 1],
    ['Topic', 'B', 1],
    ['Topic', 'M', 0],
  ]);
  const [first] = found;
  assert.equal(first?.message.jmsType, 'Advisory');
  assert.deepEqual([first?.message.persistent, first?.origin.originBrokerName], [false, 'b1']);
  assert.match(String(first?.origin.originBrokerId), /^ID:waxwing-/);
  assert.equal(first?.origin.originBrokerURL, 'ssl://127.0.0.1:2');
  const late = await peers.openwire('ID:l-1:1');
  late.consume(1, topic(`${prefix}Queue,${prefix}Topic`));
  const names = (await advisories(peers, late)).map(({ data }) =>
    data?.type === types.DestinationInfo ? data.destination?.physicalName : undefined,
  );
  assert.deepEqual(names.sort(), ['A', 'ActiveMQ.DLQ', 'M']);
});

test('a new advisory consumer receives the existing connections, consumers and producers', async () => {
  const peers = await ActiveMqPeers.open();
  const other = await peers.openwire('ID:o-1:1', { clientId: 'other' });
  const info = other.consume(1, queue('Q'));
  other.produce({ destination: queue('Q') });
  const peer = await watch(peers, 'Connection', 'Consumer.Queue.Q', 'Producer.>');
  const found = await advisories(peers, peer);
  assert.deepEqual(topicsOf(found).sort(), [
    'Connection',
    'Connection',
    'Consumer.Queue.Q',
    'Producer.Queue.Q',
  ]);
  const consumer = found.find((each) => each.topic === 'Consumer.Queue.Q');
  assert.ok(consumer?.data?.type === types.ConsumerInfo);
  assert.deepEqual(consumer.data.consumerId, info.consumerId);
  assert.equal(consumer.properties['consumerCount'], 1);
  assert.ok(!JSON.stringify(found.map(({ data }) => data)).includes('secret'));
});

test('advisories report expired and dead-lettered messages without their bodies', async () => {
  const peers = await ActiveMqPeers.open();
  const peer = await watch(peers, 'Expired.>', 'MessageDLQd.>');
  const sender = await peers.openwire('ID:o-1:1');
  sender.produce();
  const expiration = peers.b.clock.nowMs() + 1000;
  sender.publish(queue('Q'), 'expires', { expiration });
  const stomp = await peers.stomp();
  const soon = { persistent: 'true', expires: String(expiration) };
  stomp.send('SEND', { destination: '/queue/S', ...soon }, 'expires');
  peers.advance(2000);
  const expired = await advisories(peers, peer);
  assert.deepEqual(topicsOf(expired).sort(), [
    'Expired.Queue.Q',
    'Expired.Queue.S',
    'MessageDLQd.Queue.Q',
    'MessageDLQd.Queue.S',
  ]);
  const first = expired.find((each) => each.topic === 'Expired.Queue.Q');
  assert.ok(first?.data?.type === types.TextMessage);
  assert.equal(first.data.content, undefined);
  assert.equal(first.data.destination?.physicalName, 'Q');
  assert.equal(first.properties['orignalMessageId'], 'ID:o-1:1:1:1:1');
  const dead = expired.find((each) => each.topic === 'MessageDLQd.Queue.Q');
  assert.deepEqual(dead?.properties, {});
  const consumer = await peers.stomp();
  const [message] = consumer.call('SUBSCRIBE', {
    id: '1',
    destination: '/queue/R',
    ack: 'client-individual',
  });
  assert.equal(message, undefined);
  stomp.send('SEND', { destination: '/queue/R', persistent: 'true' }, 'rejected');
  consumer.call('NACK', { id: consumer.take()[0]?.headers['ack'] ?? '' });
  assert.deepEqual(topicsOf(await advisories(peers, peer)), ['MessageDLQd.Queue.R']);
});

test('advisories report topic messages that expire before their consumer takes them', async () => {
  const peers = await ActiveMqPeers.open();
  const slow = await peers.openwire('ID:s-1:1');
  slow.consume(1, topic('T'), { prefetchSize: 1 });
  const peer = await watch(peers, 'Expired.>');
  await peers.settled();
  const sender = await peers.openwire('ID:o-1:1');
  sender.produce();
  const expiration = peers.b.clock.nowMs() + 1000;
  for (const text of ['1', '2']) sender.publish(topic('T'), text, { expiration });
  peers.advance(2000);
  assert.deepEqual(topicsOf(await advisories(peers, peer)), ['Expired.Topic.T']);
});

test('advisories report delivered and consumed messages if the policy enables them', async () => {
  const flags = 'advisoryForDelivery="true" advisoryForConsumed="true"';
  const peers = await ActiveMqPeers.open(policyOf('queue="Q"', flags));
  assert.deepEqual(peers.warnings, []);
  const peer = await watch(peers, 'MessageDelivered.>', 'MessageConsumed.>');
  const stomp = await peers.stomp();
  for (const name of ['Q', 'other']) {
    stomp.send('SEND', { destination: `/queue/${name}`, persistent: 'true', colour: 'red' }, 'x');
  }
  const [delivered, ...none] = await advisories(peers, peer);
  assert.deepEqual(none, []);
  assert.equal(delivered?.topic, 'MessageDelivered.Queue.Q');
  assert.equal(delivered.properties['orignalDestination'], 'queue://Q');
  assert.match(String(delivered.properties['orignalMessageId']), /^ID:/);
  assert.ok(delivered.data?.type === types.TextMessage);
  assert.deepEqual(
    [propertiesOf(delivered.data)['colour'], delivered.data.content],
    ['red', undefined],
  );
  const consumer = await peers.openwire('ID:o-1:1');
  consumer.consume(1, queue('Q'));
  const dispatches = consumer.dispatches();
  assert.deepEqual(topicsOf(await advisories(peers, peer)), []);
  consumer.ack(dispatches);
  const consumed = await advisories(peers, peer);
  assert.deepEqual(topicsOf(consumed), ['MessageConsumed.Queue.Q']);
  assert.equal(
    consumed[0]?.properties['orignalMessageId'],
    delivered.properties['orignalMessageId'],
  );
});

test('includeBodyForAdvisory adds the message body to advisories', async () => {
  const flags = 'advisoryForDelivery="true" includeBodyForAdvisory="true"';
  const peers = await ActiveMqPeers.open(policyOf('queue="Q"', flags));
  const peer = await watch(peers, 'MessageDelivered.Queue.Q');
  const sender = await peers.openwire('ID:o-1:1');
  sender.produce();
  sender.publish(queue('Q'), 'with a body');
  const [found] = await advisories(peers, peer);
  assert.ok(found?.data?.type === types.TextMessage);
  assert.equal(textOf(found.data), 'with a body');
});

test('an advisory forwards a non-persistent message that has no consumer', async () => {
  const flag = 'sendAdvisoryIfNoConsumers="true"';
  // That the broker keeps messages for later consumers does not count.
  const kept =
    '<subscriptionRecoveryPolicy><lastImageSubscriptionRecoveryPolicy/></subscriptionRecoveryPolicy>';
  const peers = await ActiveMqPeers.open(policyOf('queue="&gt;" topic="&gt;"', flag, kept));
  const peer = await watch(peers, 'NoConsumer.>');
  const stomp = await peers.stomp();
  stomp.send('SEND', { destination: '/topic/T' }, 'nobody');
  stomp.send('SEND', { destination: '/queue/Q' }, 'nobody yet');
  stomp.send('SEND', { destination: '/queue/Q', persistent: 'true' }, 'kept');
  const consumer = await peers.stomp();
  consumer.call('SUBSCRIBE', { id: '1', destination: '/topic/T' });
  stomp.send('SEND', { destination: '/topic/T' }, 'somebody');
  await peers.settled();
  const found = peer
    .dispatches()
    .map(({ destination, message }) => [
      destination?.physicalName?.slice(prefix.length),
      textOf(message),
    ]);
  assert.deepEqual(found, [
    ['NoConsumer.Topic.T', 'nobody'],
    ['NoConsumer.Queue.Q', 'nobody yet'],
  ]);
});

test('advisories report the messages of a transaction when it commits', async () => {
  const flags = 'advisoryForDelivery="true" sendAdvisoryIfNoConsumers="true"';
  const peers = await ActiveMqPeers.open(policyOf('topic="&gt;" queue="&gt;"', flags));
  const peer = await watch(peers, 'MessageDelivered.>', 'NoConsumer.>');
  const told = async () => topicsOf(await advisories(peers, peer));
  const stomp = await peers.stomp();
  const openwire = await peers.openwire('ID:o-1:1');
  openwire.produce();
  const transactionId = {
    type: types.LocalTransactionId,
    value: 1,
    connectionId: { type: types.ConnectionId, value: 'ID:o-1:1' },
  } as const;
  const amqp = await peers.amqp10('a');
  amqp.attachSender('s', 'topic://C', 0);
  amqp.send({
    code: compositeCodes.attach,
    name: 'coordinator',
    handle: 1,
    role: false,
    source: { code: compositeCodes.source },
    target: { code: compositeCodes.coordinator },
    initialDeliveryCount: 0,
  });
  const coordinate = (command: Composite) =>
    amqp.transfer(message([0x77, (w) => writeComposite(w, command)]), 1);
  const begin = () => {
    stomp.call('BEGIN', { transaction: 't' });
    stomp.call('SEND', { destination: '/topic/A', transaction: 't' }, 'x');
    openwire.ask(transactionInfo({ transactionId, action: 0 }));
    openwire.publish(topic('B'), 'x', { transactionId, persistent: false });
    coordinate({ code: compositeCodes.declare });
  };
  begin();
  const state = {
    code: compositeCodes.transactionalState,
    txnId: Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
  } as const;
  amqp.transfer(textMessage('x'), 0, { state });
  assert.deepEqual(await told(), [], 'nothing has arrived');
  stomp.call('COMMIT', { transaction: 't' });
  openwire.ask(transactionInfo({ transactionId, action: 2 }));
  coordinate({ code: compositeCodes.discharge, txnId: state.txnId });
  assert.deepEqual((await told()).sort(), [
    'MessageDelivered.Topic.A',
    'MessageDelivered.Topic.B',
    'MessageDelivered.Topic.C',
    'NoConsumer.Topic.A',
    'NoConsumer.Topic.B',
    'NoConsumer.Topic.C',
  ]);
  begin();
  stomp.call('ABORT', { transaction: 't' });
  openwire.ask(transactionInfo({ transactionId, action: 4 }));
  assert.deepEqual(await told(), [], 'nothing arrives after a rollback');
});

test('advisories report full destinations, fast producers and slow consumers', async () => {
  const flags =
    'advisoryWhenFull="true" advisoryForFastProducers="true" advisoryForSlowConsumers="true" memoryLimit="4kb"';
  const peers = await ActiveMqPeers.open(
    policyOf('queue="Q"', flags, '<pendingQueuePolicy><vmQueueCursor/></pendingQueuePolicy>'),
  );
  assert.deepEqual(peers.warnings, []);
  const peer = await watch(peers, 'FULL.>', 'FastProducer.>', 'SlowConsumer.>');
  const sender = await peers.openwire('ID:o-1:1');
  const { consumerId } = sender.consume(1, queue('Q'), { prefetchSize: 1 });
  const producerId = sender.producerId();
  sender.produce();
  for (let n = 0; n < 5; n++) sender.publish(queue('Q'), 'x'.repeat(1000));
  const [full, fast, ...none] = await advisories(peers, peer);
  assert.deepEqual(none, []);
  assert.equal(full?.topic, 'FULL.Queue.Q');
  assert.equal(full.data, undefined);
  assert.equal(full.properties['usageName'], 'memory');
  assert.ok(Number(full.properties['usageCount']) >= 4096);
  assert.equal(fast?.topic, 'FastProducer.Queue.Q');
  assert.equal(fast.properties['producerId'], idText(producerId));
  assert.equal(fast.data?.type, types.ProducerInfo);
  peers.advance(1000);
  const [slow, ...others] = await advisories(peers, peer);
  assert.deepEqual(others, []);
  assert.equal(slow?.topic, 'SlowConsumer.Queue.Q');
  assert.ok(consumerId);
  assert.equal(slow.properties['consumerId'], idText(consumerId));
  assert.equal(slow.data?.type, types.ConsumerInfo);
});

test('advisories report messages that a slow topic consumer loses', async () => {
  const limit =
    '<pendingMessageLimitStrategy><constantPendingMessageLimitStrategy limit="1"/></pendingMessageLimitStrategy>';
  const flag = 'advisoryForDiscardingMessages="true"';
  const peers = await ActiveMqPeers.open(policyOf('topic="T"', flag, limit));
  const slow = await peers.openwire('ID:s-1:1');
  const { consumerId } = slow.consume(1, topic('T'), { prefetchSize: 1 });
  const peer = await watch(peers, 'MessageDiscarded.>');
  await peers.settled();
  const stomp = await peers.stomp();
  for (const text of ['1', '2', '3', '4']) stomp.send('SEND', { destination: '/topic/T' }, text);
  const found = await advisories(peers, peer);
  assert.deepEqual(topicsOf(found), ['MessageDiscarded.Topic.T', 'MessageDiscarded.Topic.T']);
  assert.deepEqual(
    found.map(({ properties }) => properties['discardedCount']),
    [1, 2],
  );
  assert.ok(consumerId);
  assert.equal(found[0]?.properties['consumerId'], idText(consumerId));
  assert.equal(found[0]?.properties['orignalDestination'], 'topic://T');
});

test('a durable subscription to the MasterBroker advisory receives the broker start', async () => {
  const before = await ActiveMqPeers.open();
  const durable = { subscriptionName: 'n' };
  const peer = await before.openwire('ID:w-1:1', { clientId: 'w' });
  peer.consume(1, topic(`${prefix}MasterBroker`), durable);
  before.b.sync();
  const after = await ActiveMqPeers.open('', '', { before });
  await after.settled();
  const again = await after.openwire('ID:w-1:1', { clientId: 'w' });
  again.consume(1, topic(`${prefix}MasterBroker`), durable);
  assert.deepEqual(topicsOf(await advisories(after, again)), ['MasterBroker']);
});

test('advisorySupport="false" disables all advisories', async () => {
  const flags = 'advisoryForDelivery="true" sendAdvisoryIfNoConsumers="true"';
  const peers = await ActiveMqPeers.open(
    policyOf('queue="&gt;"', flags),
    'advisorySupport="false"',
  );
  assert.deepEqual(peers.warnings, []);
  const peer = await watch(peers, '>');
  const other = await peers.openwire('ID:o-1:1');
  other.produce({ destination: queue('Q') });
  other.consume(1, queue('Q'));
  other.publish(queue('P'), 'x', { persistent: false });
  other.send(
    destinationInfo({
      destination: { type: types.TempQueueDestination, physicalName: 'ID:o-1:1:1' },
    }),
  );
  assert.deepEqual(await advisories(peers, peer), []);
});

test('advisories are neither encoded nor looked up while they have no consumer', async () => {
  const flags =
    'advisoryForDelivery="true" advisoryForConsumed="true" sendAdvisoryIfNoConsumers="true"';
  const peers = await ActiveMqPeers.open(policyOf('queue="&gt;"', flags));
  const { advising } = peers.dialect;
  assert.equal(advising.isListenedTo, false);
  const consumer = await peers.stomp();
  consumer.call('SUBSCRIBE', { id: '1', destination: '/topic/ordinary.>' });
  assert.equal(advising.isListenedTo, false);
  const { sink } = advising;
  assert.ok(sink);
  let count = 0;
  advising.sink = new Proxy(sink, {
    get: (target, name, receiver) => {
      count++;
      return Reflect.get(target, name, receiver);
    },
  });
  consumer.call('SUBSCRIBE', { id: '2', destination: '/queue/Q' });
  for (let n = 0; n < 10; n++) consumer.call('SEND', { destination: '/queue/Q' }, 'x');
  assert.equal(count, 0);
  const peer = await peers.openwire('ID:w-1:1');
  const info = peer.consume(1, topic(`${prefix}>`));
  assert.equal(advising.isListenedTo, true);
  peer.send(removeInfo({ objectId: info.consumerId }));
  await peers.settled();
  assert.equal(advising.isListenedTo, false);
});

test('a destination with a registered producer is not removed as inactive', async () => {
  const gc = 'gcInactiveDestinations="true" inactiveTimeoutBeforeGC="1000"';
  const inside = `<destinationPolicy><policyMap><policyEntries>
    <policyEntry topic="&gt;" ${gc}/><policyEntry queue="&gt;" ${gc}/>
  </policyEntries></policyMap></destinationPolicy>`;
  const peers = await ActiveMqPeers.open(inside, 'schedulePeriodForDestinationPurge="500"');
  const holders = [await peers.openwire('ID:h-1:1'), await peers.openwire('ID:h-2:1')];
  holders[0]?.produce({ destination: topic('held') });
  holders[1]?.produce({ destination: queue('held') });
  const other = await peers.stomp();
  for (const destination of ['/topic/held', '/topic/gone', '/queue/held', '/queue/gone']) {
    other.call('SEND', { destination }, 'm');
  }
  for (const name of ['held', 'gone']) {
    other.call('SUBSCRIBE', { id: name, destination: `/queue/${name}` });
    other.call('UNSUBSCRIBE', { id: name });
  }
  const present = async () => {
    for (let sweep = 0; sweep < 5; sweep++) {
      peers.advance(500);
      await peers.settled();
    }
    const { vhost, advising } = peers.dialect;
    return ['held', 'gone'].map((name) => [vhost.queues.has(name), advising.topics.has(name)]);
  };
  assert.deepEqual(await present(), [
    [true, true],
    [false, false],
  ]);
  for (const holder of holders) holder.connection.ended();
  assert.deepEqual(await present(), [
    [false, false],
    [false, false],
  ]);
});
