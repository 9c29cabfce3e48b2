import assert from 'node:assert/strict';
import { test } from 'node:test';
import { field, packet, propertyField, variable } from '../../support/mqtt-packets.ts';
import { MqttBroker, MqttPeer } from '../../support/mqtt-peer.ts';

// The encoding of packets: strings, integers, flags.

const id = Buffer.of(0, 1);
const none = propertyField();
const user = Buffer.concat([field('bob'), field('secret')]);

/** CONNECT of MQTT 5 with its flags and the fields after its properties. */
function connectWith(flags: number, ...fields: readonly Buffer[]): Buffer {
  return packet(0x10, field('MQTT'), Buffer.of(5, flags, 0, 0), none, ...fields);
}

/** A user property. */
function pair(name: Buffer | string, value: Buffer | string): Buffer {
  const bytes = Buffer.concat([Buffer.of(0x26), field(name), field(value)]);
  return Buffer.concat([variable(bytes.length), bytes]);
}

/** What was sent to a client, as bytes. */
function rawOf(peer: MqttPeer): Buffer {
  peer.connection.flush();
  return Buffer.concat(peer.received.splice(0));
}

const badTexts = [Buffer.of(0xc3), Buffer.of(0xed, 0xa0, 0x80), Buffer.from('a\0b')];

test('[MQTT-3.1.3-4] [MQTT-3.1.3-11] [MQTT-3.1.3-12] CONNECT with a string that is not UTF-8 is refused', async () => {
  const b = await MqttBroker.open();
  for (const bad of badTexts) {
    for (const bytes of [
      connectWith(0xc2, field(bad), user),
      connectWith(0xc6, field('c'), none, field(bad), field('will'), user),
      connectWith(0xc2, field('c'), field(bad), field('secret')),
    ]) {
      const peer = new MqttPeer(b);
      peer.version = 5;
      peer.receive(bytes);
      assert.deepEqual(peer.take()[0]?.codes, [0x81], bytes.toString('hex'));
      assert.ok(peer.isClosed);
    }
  }
});

test('[MQTT-1.5.4-1] [MQTT-1.5.4-2] [MQTT-1.5.7-1] [MQTT-3.3.2-1] [MQTT-3.3.2-13] [MQTT-3.3.2-19] [MQTT-3.8.3-1] [MQTT-3.10.3-1] [MQTT-4.7.3-2] a string that is not UTF-8 or contains U+0000 ends the connection', async () => {
  const b = await MqttBroker.open();
  for (const bad of badTexts) {
    for (const bytes of [
      packet(0x30, field(bad), none),
      packet(0x30, field('t'), propertyField({ 8: bad })),
      packet(0x30, field('t'), propertyField({ 3: bad })),
      packet(0x30, field('t'), pair(bad, 'v')),
      packet(0x30, field('t'), pair('n', bad)),
      packet(0x82, id, none, field(bad), Buffer.of(0)),
      packet(0xa2, id, none, field(bad)),
    ]) {
      const peer = await b.client({ version: 5 });
      peer.receive(bytes);
      assert.deepEqual(peer.take()[0]?.codes, [0x81], bytes.toString('hex'));
      assert.ok(peer.isClosed);
      peer.cut();
    }
  }
});

test('[MQTT-1.5.4-3] a byte order mark at the beginning of a string is part of it', async () => {
  const b = await MqttBroker.open();
  const to = await b.client({ clientId: 'to', version: 5 });
  to.subscribe({ '\ufefft': 0 });
  b.sync();
  to.take();
  const from = await b.client({ clientId: 'from', version: 5 });
  from.publish('\ufefft', 'with', { properties: { 3: '\ufefftext' } });
  from.publish('t', 'without');
  assert.deepEqual(
    to.messages().map(({ topic, payload, properties }) => [topic, payload, properties?.[3]]),
    [['\ufefft', 'with', '\ufefftext']],
  );
});

test('[MQTT-1.5.5-1] variable byte integers are as short as possible in both directions', async () => {
  const b = await MqttBroker.open();
  const to = await b.client({ clientId: 'to', version: 5 });
  to.subscribe({ t: 0 });
  b.sync();
  to.take();
  const from = await b.client({ clientId: 'from', version: 5 });
  for (const size of [123, 124, 16_379, 16_380]) {
    from.publish('t', 'x'.repeat(size));
    const raw = rawOf(to);
    const length = 3 + 1 + size;
    assert.deepEqual(raw.subarray(1, 1 + variable(length).length), variable(length));
  }
  from.receive(packet(0x30, field('t'), Buffer.of(0x80, 0x00)));
  assert.deepEqual(from.take()[0]?.codes, [0x81]);
});

test('[MQTT-2.2.2-1] packets without properties have a property length of zero', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client({ version: 5 });
  peer.subscribe({ t: 0 });
  b.sync();
  assert.equal(rawOf(peer).toString('hex'), '90040001' + '0000');
  peer.publish('t', 'x');
  assert.equal(rawOf(peer).toString('hex'), '3005000174' + '0078');
  peer.unsubscribe(['t']);
  b.sync();
  assert.equal(rawOf(peer).toString('hex'), 'b0040002' + '0000');
});

test('[MQTT-2.1.3-1] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1] [MQTT-3.15.1-1] reserved flags with another value end the connection', async () => {
  const b = await MqttBroker.open();
  const filter = Buffer.concat([id, none, field('t')]);
  const rows: readonly (readonly [number, Buffer])[] = [
    [0x41, id],
    [0x52, id],
    [0x60, id],
    [0x63, id],
    [0x72, id],
    [0x80, Buffer.concat([filter, Buffer.of(0)])],
    [0x83, Buffer.concat([filter, Buffer.of(0)])],
    [0xa0, filter],
    [0xa6, filter],
    [0xc1, Buffer.alloc(0)],
    [0xe1, Buffer.alloc(0)],
    [0xf1, Buffer.alloc(0)],
  ];
  for (const [first, content] of rows) {
    const peer = await b.client({ version: 5 });
    peer.receive(packet(first, content));
    assert.deepEqual(peer.take()[0]?.codes, [0x81], first.toString(16));
    assert.ok(peer.isClosed);
    peer.cut();
  }
});
