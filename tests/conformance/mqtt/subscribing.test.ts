import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, packet, propertyField } from '../../support/mqtt-packets.ts';
import { MqttBroker, type MqttPeer } from '../../support/mqtt-peer.ts';

// SUBSCRIBE, UNSUBSCRIBE, topic filters and retained messages.

async function clients(b: MqttBroker): Promise<{ from: MqttPeer; to: MqttPeer }> {
  const from = await b.client({ clientId: 'from', version: 5 });
  const to = await b.client({ clientId: 'to', version: 5 });
  return { from, to };
}

/** Subscribes, and returns the codes and the messages that come with the answer. */
function subscribe(b: MqttBroker, peer: MqttPeer, filters: Readonly<Record<string, number>>) {
  peer.subscribe(filters);
  b.sync();
  const packets = peer.take();
  const messages = packets.filter(({ type }) => type === 'publish');
  return {
    codes: packets.find(({ type }) => type === 'suback')?.codes,
    messages: messages.map(({ topic, payload, retain }) => [topic, payload, retain]),
  };
}

/** The reason for which the connection of a client ends. */
async function endOf(b: MqttBroker, act: (peer: MqttPeer) => void): Promise<number | undefined> {
  const peer = await b.client({ clientId: 'bad', version: 5 });
  act(peer);
  await b.settled();
  b.sync();
  const [last] = peer.take();
  assert.equal(peer.isClosed, last?.type === 'disconnect');
  if (!peer.isClosed) peer.disconnect();
  peer.cut();
  await b.settled();
  return last?.type === 'disconnect' ? last.codes?.[0] : undefined;
}

test('[MQTT-2.2.1-6] [MQTT-3.8.4-1] [MQTT-3.8.4-2] [MQTT-3.8.4-5] [MQTT-3.8.4-6] [MQTT-3.8.4-7] [MQTT-3.9.3-1] [MQTT-3.9.3-2] SUBACK has the id of SUBSCRIBE and one code for each filter, in order', async () => {
  const b = await MqttBroker.open();
  const { to } = await clients(b);
  const filters = { b: 2, a: 0, ['x'.repeat(5000)]: 1, '$share/g/c': 1, 'd/#': 2 };
  to.subscribe(filters, undefined, 77);
  b.sync();
  assert.deepEqual(to.take(), [{ type: 'suback', id: 77, codes: [2, 0, 0x8f, 1, 2] }]);
});

test('[MQTT-3.8.3-2] [MQTT-3.8.3-4] [MQTT-3.8.3-5] [MQTT-3.10.3-2] SUBSCRIBE and UNSUBSCRIBE with invalid contents end the connection', async () => {
  const b = await MqttBroker.open();
  const head = [Buffer.of(0, 1), propertyField()];
  const row = (filter: string, options: number) =>
    packet(0x82, ...head, field(filter), Buffer.of(options));
  for (const [bytes, code] of [
    [packet(0x82, ...head), 0x82],
    [packet(0xa2, ...head), 0x82],
    [row('$share/g/t', 4), 0x82],
    [row('t', 0x40), 0x81],
    [row('t', 0x80), 0x81],
    [row('t', 3), 0x81],
    [row('t', 0x30), 0x82],
  ] as const) {
    assert.equal(await endOf(b, (peer) => peer.receive(bytes)), code, bytes.toString('hex'));
  }
});

test('[MQTT-3.8.3-3] No Local excludes the messages of the same client only', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  for (const peer of [from, to]) assert.deepEqual(subscribe(b, peer, { t: 4 }).codes, [0]);
  from.publish('t', 'x');
  assert.deepEqual([from.payloads(), to.payloads()], [[], ['x']]);
});

test('[MQTT-3.8.4-3] [MQTT-3.8.4-4] a subscription with the same filter replaces the one before, and loses no message', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  from.publish('t/r', 'retained', { retain: true });
  assert.equal(subscribe(b, to, { 't/#': 0 }).messages.length, 1);
  from.publish('t/x', '1', { qos: 1, id: 1 });
  const again = subscribe(b, to, { 't/#': 1 });
  from.publish('t/x', '2', { qos: 1, id: 2 });
  assert.deepEqual(again, {
    codes: [1],
    messages: [
      ['t/x', '1', false],
      ['t/r', 'retained', true],
    ],
  });
  assert.deepEqual(
    to.messages().map(({ payload, qos }) => [payload, qos]),
    [['2', 1]],
  );
});

test('[MQTT-3.3.1-9] [MQTT-3.3.1-10] [MQTT-3.3.1-11] Retain Handling says when retained messages are sent', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  from.publish('t', 'x', { retain: true });
  const count = (handling: number) => subscribe(b, to, { t: handling << 4 }).messages.length;
  assert.deepEqual([count(2), count(1), count(0), count(0), count(2)], [0, 0, 1, 1, 0]);
  to.unsubscribe(['t']);
  b.sync();
  to.take();
  assert.deepEqual([count(1), count(1)], [1, 0]);
});

test('[MQTT-3.3.1-12] [MQTT-3.3.1-13] Retain As Published keeps the RETAIN flag', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  subscribe(b, to, { 'kept/+': 8, 'cleared/+': 0 });
  for (const retain of [true, false]) {
    for (const topic of ['kept', 'cleared']) from.publish(`${topic}/${retain}`, 'x', { retain });
  }
  assert.deepEqual(
    to.messages().map(({ topic, retain }) => [topic, retain]),
    [
      ['kept/true', true],
      ['cleared/true', false],
      ['kept/false', false],
      ['cleared/false', false],
    ],
  );
});

test('[MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7] [MQTT-3.3.1-8] the last message with RETAIN is kept, an empty one removes it, and others change nothing', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  subscribe(b, to, { t: 0 });
  const retained = async () => {
    const late = await b.client({ clientId: 'late', version: 5 });
    const { messages } = subscribe(b, late, { t: 0 });
    late.disconnect();
    await b.settled();
    return messages.map(([, payload]) => payload);
  };
  from.publish('t', 'one', { retain: true });
  from.publish('t', 'two', { retain: true });
  assert.deepEqual(await retained(), ['two']);
  from.publish('t', 'three');
  from.publish('t', '');
  assert.deepEqual(await retained(), ['two']);
  from.publish('t', '', { retain: true });
  assert.deepEqual(await retained(), []);
  assert.deepEqual(to.payloads(), ['one', 'two', 'three', '', '']);
});

test('[MQTT-3.10.4-1] [MQTT-3.10.4-2] [MQTT-3.10.4-4] [MQTT-3.10.4-5] [MQTT-3.10.4-6] [MQTT-3.11.3-1] [MQTT-3.11.3-2] UNSUBACK has one code for each filter, and only equal filters are removed', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  subscribe(b, to, { 'a/+': 0, b: 0, 'c/#': 0 });
  to.unsubscribe(['b', 'a/b', 'c/#', '+/+'], 88);
  b.sync();
  assert.deepEqual(to.take(), [{ type: 'unsuback', id: 88, codes: [0, 0x11, 0, 0x11] }]);
  for (const topic of ['b', 'a/b', 'c/d', 'c']) from.publish(topic, topic);
  assert.deepEqual(to.payloads(), ['a/b']);
  to.unsubscribe(['none'], 89);
  b.sync();
  assert.deepEqual(to.take(), [{ type: 'unsuback', id: 89, codes: [0x11] }]);
});

test('[MQTT-3.10.4-3] messages in flight are completed after UNSUBSCRIBE', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  subscribe(b, to, { t: 2 });
  from.publish('t', 'x', { qos: 2, id: 1 });
  b.sync();
  const [message] = to.messages();
  const id = message?.id ?? 0;
  to.unsubscribe(['t'], 2);
  b.sync();
  to.pubrec(id);
  b.sync();
  assert.deepEqual(
    to.take().map((packet) => [packet.type, packet.id, packet.codes]),
    [
      ['unsuback', 2, [0]],
      ['pubrel', id, [0]],
    ],
  );
});

test('[MQTT-3.3.2-3] [MQTT-4.7.1-1] [MQTT-4.7.1-2] wildcards match whole levels, and the topics that are sent match the filter', async () => {
  const b = await MqttBroker.open();
  for (const bad of ['a#', 'a/#/b', '#/a', '+a', 'a/b+', 'a/+b/c', '']) {
    assert.equal(await endOf(b, (peer) => peer.subscribe({ [bad]: 0 })), 0x81, bad);
  }
  const topics = ['a', '/a', 'a/', 'a/b', 'a/b/c', 'b/a', '/', 'a//c'];
  const { from } = await clients(b);
  for (const [filter, expected] of [
    ['#', topics],
    ['+', ['a']],
    ['+/+', ['/a', 'a/', 'a/b', 'b/a', '/']],
    ['/+', ['/a', '/']],
    ['a/#', ['a', 'a/', 'a/b', 'a/b/c', 'a//c']],
    ['a/+', ['a/', 'a/b']],
    ['a/+/c', ['a/b/c', 'a//c']],
    ['+/a', ['/a', 'b/a']],
    ['a', ['a']],
  ] as const) {
    const to = await b.client({ clientId: `to ${filter}`, version: 5 });
    subscribe(b, to, { [filter]: 0 });
    for (const topic of topics) from.publish(topic, 'x');
    assert.deepEqual(
      to.messages().map(({ topic }) => topic),
      expected,
      filter,
    );
    to.disconnect();
  }
});

test('[MQTT-4.7.3-1] [MQTT-4.7.3-3] [MQTT-4.7.3-4] topics are compared byte for byte, and are not empty or too long', async () => {
  const b = await MqttBroker.open();
  assert.equal(await endOf(b, (peer) => peer.publish('', 'x')), 0x81);
  const long = 'x'.repeat(4097);
  const { from, to } = await clients(b);
  from.publish(long, 'x', { qos: 1, id: 1 });
  assert.deepEqual(from.take(), [{ type: 'puback', id: 1, codes: [0x90] }]);
  assert.deepEqual(subscribe(b, to, { [long]: 0 }).codes, [0x8f]);
  const exact = 'x'.repeat(4096);
  const topics = ['a', 'A', ' a', 'a ', 'é', 'e\u0301', 'ａ', 'a/b', 'a//b', '/a/b', exact];
  for (const topic of topics) {
    subscribe(b, to, { [topic]: 0 });
    for (const other of topics) from.publish(other, 'x');
    assert.deepEqual(
      to.messages().map((message) => message.topic),
      [topic],
    );
    to.unsubscribe([topic]);
    b.sync();
    to.take();
  }
});

test('[MQTT-4.8.2-1] [MQTT-4.8.2-2] a shared subscription needs a name and a filter', async () => {
  const b = await MqttBroker.open();
  for (const bad of [
    '$share/',
    '$share//t',
    '$share/g',
    '$share/g/',
    '$share/g+/t',
    '$share/#/t',
  ]) {
    assert.equal(await endOf(b, (peer) => peer.subscribe({ [bad]: 0 })), 0x82, bad);
  }
  const right = await endOf(b, (peer) => peer.subscribe({ '$share/g/t': 0 }));
  assert.equal(right, undefined);
});

test('[MQTT-4.8.2-3] the messages of a shared subscription have at most the granted quality of service', async () => {
  const b = await MqttBroker.open();
  const { from, to } = await clients(b);
  for (const granted of [0, 1, 2]) {
    const filter = `$share/g${granted}/t`;
    assert.deepEqual(subscribe(b, to, { [filter]: granted }).codes, [granted]);
    for (const qos of [0, 1, 2]) from.publish('t', `${qos}`, { qos, id: 10 * granted + qos + 1 });
    b.sync();
    assert.deepEqual(
      to.messages().map(({ qos }) => qos),
      [0, 1, 2].map((qos) => Math.min(qos, granted)),
    );
    to.unsubscribe([filter]);
    b.sync();
    to.take();
  }
});
