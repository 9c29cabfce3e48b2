import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compositeCodes } from '../../src/protocols/amqp10/codec/performatives.gen.ts';
import {
  type Destination,
  destinationInfo,
  producerInfo,
  types,
} from '../../src/protocols/openwire/codec/commands.gen.ts';
import { ActiveMqPeers } from '../support/activemq-peers.ts';
import { queue, topic } from '../support/openwire-peer.ts';

// Names of destinations that no client of any protocol may create.

const controls = ['\0', '\x01', '\n', '\x1b', '\x7f', '\x85', '\u2028'];

/** A control character inside of a name; at its ends, space would be removed. */
const named = (control: string) => `a${control}b`;

/** The queues that the broker has besides the one for dead letters. */
function queuesOf(peers: ActiveMqPeers): string[] {
  return [...peers.b.broker.vhost('/').queues.keys()].filter((name) => name !== 'ActiveMQ.DLQ');
}

test('OpenWire refuses names with control characters', async () => {
  const peers = await ActiveMqPeers.open();
  const peer = await peers.openwire('ID:o-1:1');
  peer.session();
  const error = /^javax\.jms\.JMSException: .*control character U\+[0-9A-F]{4}/;
  for (const name of controls.map(named)) {
    const destination = queue(name);
    assert.match(peer.exception(destinationInfo({ destination })) ?? '', error, name);
    assert.match(peer.exception(peer.message(destination, 'x')) ?? '', error, name);
    assert.match(peer.exception(peer.consumer(1, topic(name))) ?? '', error, name);
    const producerId = peer.producerId();
    assert.match(peer.exception(producerInfo({ producerId, destination })) ?? '', error, name);
    assert.match(peer.exception(peer.consumer(1, queue(`q,${name}`))) ?? '', error, name);
  }
  assert.deepEqual(queuesOf(peers), []);
});

test('STOMP refuses names with control characters', async () => {
  const peers = await ActiveMqPeers.open();
  const peer = await peers.stomp();
  // A NUL ends a frame, and the escape of a line feed is the only way to have one in a header.
  for (const name of ['a\\nb', 'a\x01b', 'a\x7fb', 'a\x1bb']) {
    for (const prefix of ['/queue/', '/topic/', '']) {
      const destination = prefix + name;
      const [sent] = peer.call('SEND', { destination }, 'x');
      assert.match(sent?.headers['message'] ?? '', /control character U\+/, destination);
      const [subscribed] = peer.call('SUBSCRIBE', { destination, id: '1' });
      assert.match(subscribed?.headers['message'] ?? '', /control character U\+/, destination);
    }
  }
  assert.deepEqual(queuesOf(peers), []);
});

test('AMQP 1.0 refuses names with control characters', async () => {
  const peers = await ActiveMqPeers.open();
  const peer = await peers.amqp10('c1');
  for (const [handle, name] of controls.map(named).entries()) {
    peer.attachSender(`s${handle}`, `queue://${name}`, handle);
    const sender = peer.bodies().find((body) => body?.code === compositeCodes.detach);
    assert.match(JSON.stringify(sender), /control character/, name);
    peer.attachReceiver(`r${handle}`, name, handle + 100);
    const receiver = peer.bodies().find((body) => body?.code === compositeCodes.detach);
    assert.match(JSON.stringify(receiver), /control character/, name);
  }
  assert.deepEqual(queuesOf(peers), []);
});

test('MQTT refuses names with control characters, and treats NUL as malformed', async () => {
  const peers = await ActiveMqPeers.open();
  for (const control of controls) {
    const peer = await peers.mqtt({ version: 5, clientId: 'm' });
    peer.publish(named(control), 'x', { qos: 1, id: 1 });
    peers.b.sync();
    const [answer] = peer.take();
    const expected = control === '\0' ? ['disconnect', 0x81] : ['puback', 0x90];
    assert.deepEqual([answer?.type, answer?.codes?.[0]], expected, JSON.stringify(control));
    if (control === '\0') continue;
    peer.subscribe({ [named(control)]: 1 });
    assert.deepEqual(peer.take()[0]?.codes, [0x8f], JSON.stringify(control));
    peer.cut();
    await peers.settled();
  }
});

test('a destination name with wildcards cannot be created', async () => {
  const peers = await ActiveMqPeers.open();
  const peer = await peers.openwire('ID:o-1:1');
  const temporary = (physicalName: string): Destination => ({
    type: types.TempTopicDestination,
    physicalName,
  });
  for (const destination of [
    queue('A.*'),
    queue('>'),
    queue('A.>'),
    queue('B,A.*.C'),
    topic('A.>'),
    temporary('ID:o-1:1:1.>'),
  ]) {
    const error = peer.exception(destinationInfo({ destination })) ?? '';
    // The name of a temporary destination ends with a number.
    assert.match(error, /with wildcards|InvalidDestinationException: .* and a number/);
  }
  assert.deepEqual(
    queuesOf(peers).filter((name) => name !== 'B'),
    [],
  );
});

test('a temporary destination name must consist of the connection id and a sequence number', async () => {
  const peers = await ActiveMqPeers.open();
  const peer = await peers.openwire('ID:o-1:1');
  for (const physicalName of ['ID:o-1:12:1', 'ID:o-1:1', 'ID:o-1:1x', 'x']) {
    const destination = { type: types.TempQueueDestination, physicalName } as const;
    const error = peer.exception(destinationInfo({ destination })) ?? '';
    assert.match(error, /^javax\.jms\.InvalidDestinationException/, physicalName);
  }
  const destination = { type: types.TempQueueDestination, physicalName: 'ID:o-1:1:1' } as const;
  assert.equal(peer.exception(destinationInfo({ destination })), undefined);
});

test('consumer and producer ids must belong to their own connection', async () => {
  const peers = await ActiveMqPeers.open();
  const [peer, other] = [await peers.openwire('ID:o-1:1'), await peers.openwire('ID:o-2:1')];
  peer.session();
  other.session();
  const info = other.consumer(1, queue('Q'));
  const error = /^java\.lang\.IllegalStateException: .* does not belong to connection ID:o-1:1$/;
  assert.match(peer.exception(info) ?? '', error);
  assert.match(peer.exception(producerInfo({ producerId: other.producerId() })) ?? '', error);
  assert.equal(other.exception(info), undefined);
  assert.deepEqual(queuesOf(peers), ['Q']);
});
