import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectPacket, packet } from '../../support/mqtt-packets.ts';
import { MqttBroker, MqttPeer } from '../../support/mqtt-peer.ts';

// Opening and ending of connections, and packets that are wrong.

test('[MQTT-3.1.0-1] [MQTT-3.1.0-2] CONNECT must be the first packet and is sent only once', async () => {
  const b = await MqttBroker.open();
  const early = new MqttPeer(b);
  early.ping();
  assert.ok(early.isClosed);
  const twice = await b.client({ version: 5 });
  twice.receive(connectPacket({ version: 5 }));
  assert.deepEqual(twice.take()[0]?.codes, [0x82]);
  assert.ok(twice.isClosed);
});

test('[MQTT-3.1.2-2] an unknown protocol level is refused with the return code of its version', async () => {
  const b = await MqttBroker.open();
  for (const [level, code] of [
    [2, 1],
    [6, 0x84],
  ] as const) {
    const peer = new MqttPeer(b);
    const bytes = connectPacket();
    bytes[8] = level;
    peer.receive(bytes);
    peer.version = level > 4 ? 5 : 4;
    assert.deepEqual(peer.take()[0]?.codes, [code]);
    assert.ok(peer.isClosed);
  }
});

test('[MQTT-3.1.3-8] [MQTT-3.2.2-16] an empty client id is assigned, except with clean session 0 in MQTT 3.1.1', async () => {
  const b = await MqttBroker.open();
  const unnamed = { clientId: '' };
  assert.deepEqual((await b.client({ ...unnamed, clean: false })).connack?.codes, [2]);
  assert.deepEqual((await b.client(unnamed)).connack?.codes, [0]);
  const { connack } = await b.client({ ...unnamed, version: 5, clean: false });
  assert.match(String(connack?.properties?.[0x12]), /^auto-/);
});

test('bad credentials and enhanced authentication are refused with their reason codes', async () => {
  const b = await MqttBroker.open();
  const codeOf = async (options: Parameters<MqttBroker['client']>[0]) =>
    (await b.client(options)).connack?.codes;
  assert.deepEqual(await codeOf({ password: 'wrong' }), [4]);
  assert.deepEqual(await codeOf({ username: 'nobody' }), [4]);
  assert.deepEqual(await codeOf({ username: undefined, password: undefined }), [4]);
  assert.deepEqual(await codeOf({ version: 5, password: 'wrong' }), [0x86]);
  assert.deepEqual(await codeOf({ version: 5, properties: { 21: 'SCRAM' } }), [0x8c]);
});

test('only the same user can take over the connection of a client id', async () => {
  const b = await MqttBroker.open();
  const own = await b.client({ clientId: 'one', clean: true });
  const other = await b.client({ clientId: 'one', clean: true, username: 'eve' });
  assert.deepEqual([other.connack?.codes, own.isClosed], [[5], false]);
  const again = await b.client({ clientId: 'one', clean: true });
  assert.deepEqual([again.connack?.codes, own.isClosed], [[0], true]);
});

test('[MQTT-3.1.2-22] [MQTT-3.2.2-22] the keep alive disconnects silent clients and is limited', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client({ version: 5, keepAlive: 10 });
  const other = await b.client({ version: 5, clientId: 'other', keepAlive: 10_000 });
  assert.equal(peer.connack?.properties?.[0x13], undefined);
  assert.equal(other.connack?.properties?.[0x13], 3600);
  for (let ms = 0; ms <= 15_500; ms += 500) peer.connection.tick(ms);
  assert.equal(peer.isClosed, false);
  peer.connection.tick(16_001);
  assert.deepEqual(peer.take()[0]?.codes, [0x8d]);
});

test('[MQTT-4.13.1-1] malformed packets close the connection and do not affect others', async () => {
  const b = await MqttBroker.open();
  const witness = await b.client({ clientId: 'witness' });
  const wrong: [Buffer, number][] = [
    [Buffer.of(0x30, 0xff, 0xff, 0xff, 0xff, 1), 0x81],
    [Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f), 0x95],
    [Buffer.of(0x82, 0xff, 0xff, 0xff, 0x7f), 0x95],
    [Buffer.of(0xc0, 0x80, 0x00), 0x81],
    [packet(0x80, Buffer.of(0, 1, 0)), 0x81],
    [packet(0x82, Buffer.of(0, 1, 0)), 0x82],
    [packet(0x82, Buffer.of(0, 1, 0, 0, 1, 97, 3)), 0x81],
    [packet(0x82, Buffer.of(0, 1, 0, 0, 2, 97, 35, 0)), 0x81],
    [packet(0x40, Buffer.of(1)), 0x81],
    [packet(0xc0, Buffer.of(1)), 0x81],
    [packet(0x00), 0x82],
    [packet(0xf0), 0x82],
    [packet(0xd0), 0x82],
  ];
  for (const [bytes, code] of wrong) {
    const peer = await b.client({ version: 5, clientId: 'wrong' });
    peer.receive(bytes);
    assert.deepEqual(peer.take()[0]?.codes, [code], bytes.toString('hex'));
    assert.ok(peer.isClosed);
    peer.cut();
  }
  witness.ping();
  assert.equal(witness.take()[0]?.type, 'pingresp');
});

test('ten thousand subscriptions are accepted, and one more is refused', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client({ version: 5 });
  const all = Array.from({ length: 10_000 }, (_, n) => [`s/${n}/+`, 0] as const);
  peer.subscribe(Object.fromEntries(all));
  await b.settled();
  b.sync();
  const [suback] = peer.take();
  assert.equal(suback?.codes?.length, 10_000);
  assert.ok(suback.codes.every((code) => code === 0));
  peer.subscribe({ more: 0 });
  await b.settled();
  assert.deepEqual(peer.take()[0]?.codes, [0x97]);
});

test('MQTT and STOMP clients exchange messages', async () => {
  const b = await MqttBroker.open();
  const mqtt = await b.client({ version: 5 });
  const stomp = await b.stompClient();
  stomp.send('SUBSCRIBE', { id: 's', destination: '/topic/a.*' });
  stomp.send('SUBSCRIBE', { id: 'v', destination: '/queue/Consumer.x.VirtualTopic.t' });
  mqtt.subscribe({ 'b/#': 2 });
  b.sync();
  mqtt.take();
  stomp.take();
  mqtt.publish('a/1', 'hello', { qos: 1, id: 1, properties: { 38: [['colour', 'blue']] } });
  mqtt.publish('VirtualTopic/t', 'virtual');
  const frames = stomp.take();
  const [first] = frames;
  assert.equal(first?.headers['destination'], '/topic/a.1');
  assert.equal(first?.headers['colour'], 'blue');
  assert.equal(first?.headers['ActiveMQ.MQTT.QoS'], '1');
  assert.equal(first?.headers['persistent'], 'true');
  assert.deepEqual(
    frames.map(({ body }) => body),
    ['hello', 'virtual'],
  );
  stomp.send('SEND', { destination: '/topic/b.c', persistent: 'true', size: '3' }, 'text');
  const [message] = mqtt.messages();
  assert.deepEqual(
    [message?.topic, message?.payload, message?.qos, message?.properties?.[0x26]],
    ['b/c', 'text', 1, [['size', '3']]],
  );
});
