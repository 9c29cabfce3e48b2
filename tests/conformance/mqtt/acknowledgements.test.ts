import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttBroker, type MqttPeer } from '../../support/mqtt-peer.ts';

// Packet ids, acknowledgements and flow control of messages with quality of service 1 and 2.

const lasting = { version: 5, clean: false, properties: { 17: 3600 } } as const;

async function subscriber(b: MqttBroker, filter: string, options = {}): Promise<MqttPeer> {
  const to = await b.client({ clientId: 'to', version: 5, ...options });
  to.subscribe({ [filter]: 2 });
  b.sync();
  to.take();
  return to;
}

/** Types, ids and reasons of packets. */
const shortly = (peer: MqttPeer) =>
  peer.take().map(({ type, id, codes }) => [type, id, codes?.[0]]);

test('[MQTT-2.2.1-2] [MQTT-2.2.1-4] [MQTT-4.3.2-1] [MQTT-4.3.2-2] [MQTT-4.3.3-1] [MQTT-4.3.3-2] messages above QoS 0 have an unused id other than 0, and DUP is 0', async () => {
  const b = await MqttBroker.open();
  const to = await subscriber(b, '#');
  const from = await b.client({ clientId: 'from', version: 5 });
  for (let n = 0; n < 90; n++) from.publish(`t/${n}`, `${n}`, { qos: n % 3, id: n + 1 });
  b.sync();
  const messages = to.messages();
  assert.equal(messages.length, 90);
  const ids = messages.filter(({ qos }) => qos !== 0).map(({ id }) => id);
  assert.equal(new Set(ids).size, 60);
  assert.ok(!ids.includes(0));
  assert.ok(messages.every(({ dup }) => dup === false));
  // The reader of these packets takes the bytes behind the topic for an id if there were one.
  const atMostOnce = messages.filter(({ qos }) => qos === 0);
  assert.deepEqual(
    atMostOnce.map(({ payload }) => payload),
    Array.from({ length: 30 }, (_, n) => `${n * 3}`),
  );
});

test('[MQTT-2.2.1-5] [MQTT-3.3.4-1] [MQTT-3.4.2-1] [MQTT-3.5.2-1] [MQTT-3.6.2-1] [MQTT-3.7.2-1] [MQTT-4.3.2-4] [MQTT-4.3.3-8] [MQTT-4.3.3-11] each acknowledgement has the id of its packet and a reason code of its type', async () => {
  const b = await MqttBroker.open();
  const to = await subscriber(b, 't');
  const from = await b.client({ clientId: 'from', version: 5 });
  from.publish('t', 'zero');
  from.publish('t', 'one', { qos: 1, id: 7 });
  from.publish('t', 'two', { qos: 2, id: 65_535 });
  from.publish('nowhere', 'one', { qos: 1, id: 9 });
  from.publish('nowhere', 'two', { qos: 2, id: 10 });
  b.sync();
  assert.deepEqual(shortly(from), [
    ['puback', 7, 0],
    ['pubrec', 65_535, 0],
    ['puback', 9, 0x10],
    ['pubrec', 10, 0x10],
  ]);
  for (const id of [65_535, 10, 11]) from.pubrel(id);
  b.sync();
  assert.deepEqual(shortly(from), [
    ['pubcomp', 65_535, 0],
    ['pubcomp', 10, 0],
    ['pubcomp', 11, 0x92],
  ]);
  const two = to.messages().find(({ payload }) => payload === 'two');
  to.pubrec(two?.id ?? 0);
  to.pubrec(12_345);
  b.sync();
  assert.deepEqual(shortly(to), [
    ['pubrel', two?.id, 0],
    ['pubrel', 12_345, 0x92],
  ]);
});

test('[MQTT-4.3.2-5] [MQTT-4.3.3-12] [MQTT-4.3.3-9] an id is free after PUBACK, after PUBCOMP, and after a PUBREC that refuses', async () => {
  const b = await MqttBroker.open();
  const to = await subscriber(b, '#');
  const from = await b.client({ clientId: 'from', version: 5 });
  for (const payload of ['a', 'b']) {
    from.publish('t', payload, { qos: 1, id: 1, dup: payload === 'b' });
    b.sync();
    assert.deepEqual(shortly(from), [['puback', 1, 0]]);
  }
  from.publish('x'.repeat(5000), 'refused', { qos: 2, id: 2 });
  b.sync();
  assert.deepEqual(shortly(from), [['pubrec', 2, 0x90]]);
  for (const payload of ['c', 'd']) {
    from.publish('t', payload, { qos: 2, id: 2 });
    b.sync();
    assert.deepEqual(shortly(from), [['pubrec', 2, 0]]);
    from.pubrel(2);
    b.sync();
    assert.deepEqual(shortly(from), [['pubcomp', 2, 0]]);
  }
  assert.deepEqual(to.payloads(), ['a', 'b', 'c', 'd']);
});

test('[MQTT-4.3.2-3] [MQTT-4.3.3-3] [MQTT-4.3.3-4] [MQTT-4.3.3-5] [MQTT-4.3.3-6] only what is not acknowledged is sent again: PUBLISH before PUBREC, PUBREL before PUBCOMP', async () => {
  const b = await MqttBroker.open();
  let to = await subscriber(b, 't', lasting);
  const from = await b.client({ clientId: 'from', version: 5 });
  from.publish('t', 'one', { qos: 1, id: 1 });
  from.publish('t', 'two', { qos: 2, id: 2 });
  b.sync();
  const [one, two] = to.messages();
  const reconnect = async () => {
    to.cut();
    await b.settled();
    to = await b.client({ ...lasting, clientId: 'to' });
    return to.take().map(({ type, id, dup }) => [type, id, dup]);
  };
  assert.deepEqual(await reconnect(), [
    ['publish', one?.id, true],
    ['publish', two?.id, true],
  ]);
  to.puback(one?.id ?? 0);
  to.pubrec(two?.id ?? 0);
  b.sync();
  assert.deepEqual(shortly(to), [['pubrel', two?.id, 0]]);
  assert.deepEqual(await reconnect(), [['pubrel', two?.id, undefined]]);
  to.pubcomp(two?.id ?? 0);
  b.sync();
  assert.deepEqual(await reconnect(), []);
});

test('[MQTT-4.3.3-7] a QoS 2 message that was sent to its client does not expire', async () => {
  const b = await MqttBroker.open();
  const to = await subscriber(b, 't', lasting);
  const from = await b.client({ clientId: 'from', version: 5 });
  from.publish('t', 'x', { qos: 2, id: 1, properties: { 2: 10 } });
  b.sync();
  const [message] = to.messages();
  b.advance(20_000);
  to.pubrec(message?.id ?? 0);
  b.sync();
  assert.deepEqual(shortly(to), [['pubrel', message?.id, 0]]);
});

test('[MQTT-4.3.3-13] PUBREL of a message that has expired is answered', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from', version: 5 });
  await subscriber(b, 't', { properties: { 33: 1 } });
  from.publish('t', 'x', { qos: 2, id: 1, properties: { 2: 1 } });
  b.sync();
  b.advance(5000);
  from.pubrel(1);
  b.sync();
  assert.deepEqual(shortly(from), [
    ['pubrec', 1, 0],
    ['pubcomp', 1, 0],
  ]);
});

test('[MQTT-4.4.0-2] [MQTT-4.8.2-6] a message that its client refuses is not sent again, to nobody', async () => {
  const b = await MqttBroker.open();
  const to = await subscriber(b, '$share/g/t', lasting);
  const other = await subscriber(b, '$share/g/t', { clientId: 'other' });
  const from = await b.client({ clientId: 'from', version: 5 });
  for (let n = 1; n <= 8; n++) from.publish('t', `${n}`, { qos: 1 + (n % 2), id: n });
  b.sync();
  const mine = to.messages();
  assert.ok(mine.length > 0);
  for (const { qos, id = 0 } of mine) {
    if (qos === 1) to.puback(id, 0x80);
    else to.pubrec(id, 0x97);
  }
  b.sync();
  assert.deepEqual(shortly(to), []);
  for (const { qos, id = 0 } of other.messages()) {
    if (qos === 1) other.puback(id);
    else other.pubrec(id, 0x80);
  }
  to.cut();
  await b.settled();
  assert.deepEqual(other.messages(), []);
  const again = await b.client({ ...lasting, clientId: 'to' });
  assert.deepEqual(again.messages(), []);
});

test('[MQTT-4.9.0-1] [MQTT-4.9.0-2] [MQTT-4.9.0-3] [MQTT-3.3.4-10] while Receive Maximum messages are in flight, everything else goes on', async () => {
  const b = await MqttBroker.open();
  const to = await subscriber(b, 't', { properties: { 33: 1 } });
  const from = await b.client({ clientId: 'from', version: 5 });
  for (const n of [1, 2]) from.publish('t', `${n}`, { qos: 1, id: n });
  b.sync();
  const [first, ...others] = to.messages();
  assert.deepEqual([first?.payload, others], ['1', []]);
  to.ping();
  to.publish('other', 'x', { qos: 1, id: 5 });
  to.subscribe({ more: 0 }, undefined, 6);
  b.sync();
  assert.deepEqual(shortly(to), [
    ['pingresp', undefined, undefined],
    ['puback', 5, 0x10],
    ['suback', 6, 0],
  ]);
  from.publish('more', 'at most once');
  assert.deepEqual(to.payloads(), ['at most once']);
  to.puback(first?.id ?? 0);
  assert.deepEqual(to.payloads(), ['2']);
});

test('[MQTT-3.1.2-27] [MQTT-3.3.2-7] [MQTT-3.3.2-11] topic aliases need the permission of the client and end with the connection', async () => {
  const b = await MqttBroker.open();
  const plain = await subscriber(b, 't', { clientId: 'plain' });
  const allowed = { ...lasting, properties: { 17: 3600, 34: 5 } } as const;
  let to = await subscriber(b, 't', allowed);
  let from = await b.client({ ...lasting, clientId: 'from' });
  from.publish('t', 'one', { properties: { 35: 1 } });
  from.publish('', 'two', { properties: { 35: 1 } });
  const aliases = (peer: MqttPeer) =>
    peer.messages().map(({ topic, properties }) => [topic, properties?.[35]]);
  assert.deepEqual(aliases(plain), [
    ['t', undefined],
    ['t', undefined],
  ]);
  assert.deepEqual(aliases(to), [
    ['t', 1],
    ['', 1],
  ]);
  for (const peer of [from, to]) peer.cut();
  await b.settled();
  to = await b.client({ ...allowed, clientId: 'to' });
  from = await b.client({ ...lasting, clientId: 'from' });
  from.publish('t', 'three');
  assert.deepEqual(aliases(to), [['t', 1]]);
  from.publish('', 'four', { properties: { 35: 1 } });
  assert.deepEqual(from.take()[0]?.codes, [0x82]);
});

test('[MQTT-3.3.2-14] a response topic with a wildcard ends the connection', async () => {
  const b = await MqttBroker.open();
  for (const topic of ['a/+', '#']) {
    const peer = await b.client({ version: 5 });
    peer.publish('t', 'x', { properties: { 8: topic } });
    assert.deepEqual([peer.take()[0]?.codes, peer.isClosed], [[0x82], true]);
    peer.cut();
  }
});

test('[MQTT-3.10.4-3] [MQTT-4.4.0-1] messages in flight are sent again after UNSUBSCRIBE and a lost connection', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from', version: 5 });
  const to = await subscriber(b, 't', lasting);
  from.publish('t', 'one', { qos: 1, id: 1 });
  from.publish('t', 'two', { qos: 2, id: 2 });
  from.publish('t', 'none');
  b.sync();
  const sent = to.messages().filter(({ qos = 0 }) => qos > 0);
  to.unsubscribe(['t'], 3);
  b.sync();
  from.publish('t', 'later', { qos: 2, id: 3 });
  to.cut();
  await b.settled();
  const again = await b.client({ ...lasting, clientId: 'to' });
  b.sync();
  const expected = sent.map(({ id, qos, payload }) => [id, qos, payload, true]);
  assert.deepEqual(
    again.messages().map(({ id, qos, payload, dup }) => [id, qos, payload, dup]),
    expected,
  );
  assert.equal(expected.length, 2);
  for (const { id = 0, qos } of sent) qos === 1 ? again.puback(id) : again.pubrec(id);
  b.sync();
  again.cut();
  await b.settled();
  assert.deepEqual((await b.client({ ...lasting, clientId: 'to' })).payloads(), []);
});
