import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectPacket, field, packet, propertyField } from '../../support/mqtt-packets.ts';
import { MqttBroker, MqttPeer } from '../../support/mqtt-peer.ts';

// CONNECT and its answer, and how connections end.

const none = propertyField();

/** CONNECT of MQTT 5 with its flags and the fields after its properties. */
function connectWith(flags: number, ...fields: readonly Buffer[]): Buffer {
  return packet(0x10, field('MQTT'), Buffer.of(5, flags, 0, 0), none, ...fields);
}

/** A client of MQTT 5 that has sent some bytes, and everything that it was sent. */
async function sent(b: MqttBroker, ...bytes: readonly Buffer[]) {
  const peer = new MqttPeer(b);
  peer.version = 5;
  peer.receive(Buffer.concat(bytes));
  for (let turn = 0; turn < 3; turn++) {
    await new Promise(setImmediate);
    b.sync();
  }
  return { peer, packets: peer.take() };
}

test('[MQTT-3.1.2-1] a client with another protocol name is disconnected', async () => {
  const b = await MqttBroker.open();
  const other = packet(0x10, field('MQTX'), Buffer.of(5, 2, 0, 0), none, field('c'));
  const { peer, packets } = await sent(b, other);
  assert.deepEqual([packets, peer.isClosed], [[], true]);
});

test('[MQTT-3.1.2-3] [MQTT-3.1.2-9] [MQTT-3.1.2-11] [MQTT-3.1.2-12] [MQTT-3.1.2-13] [MQTT-3.1.2-16] [MQTT-3.1.2-17] [MQTT-3.1.2-18] [MQTT-3.1.2-19] [MQTT-3.1.3-1] [MQTT-3.1.3-3] [MQTT-3.1.4-1] CONNECT with flags and fields that do not match is refused', async () => {
  const b = await MqttBroker.open();
  const [id, will] = [field('c'), Buffer.concat([none, field('w'), field('will')])];
  const [name, word] = [field('bob'), field('secret')];
  const right = await sent(b, connectWith(0xd6, id, will, name, word));
  assert.deepEqual(right.packets[0]?.codes, [0]);
  right.peer.disconnect();
  const rows: readonly (readonly [string, number, ...Buffer[]])[] = [
    ['a reserved flag', 0xc3, id, name, word],
    ['no will', 0xc6, id, name, word],
    ['a will without its flag', 0xc2, id, will, name, word],
    ['a quality of service without a will', 0xca, id, name, word],
    ['a will with quality of service 3', 0xde, id, will, name, word],
    ['a retained will that is not there', 0xe2, id, name, word],
    ['a user name without its flag', 0x42, id, name, word],
    ['no user name', 0xc2, id, word],
    ['a password without its flag', 0x82, id, name, word],
    ['no client id', 0x02],
    ['another order', 0xd6, name, word, id, will],
  ];
  for (const [what, flags, ...fields] of rows) {
    const { peer, packets } = await sent(b, connectWith(flags, ...fields));
    assert.deepEqual([packets[0]?.codes, peer.isClosed], [[0x81], true], what);
  }
});

test('[MQTT-3.1.4-2] [MQTT-3.2.2-6] [MQTT-3.2.2-7] [MQTT-3.2.2-8] [MQTT-4.13.2-1] a refused log-in is answered without a session, and the connection is closed', async () => {
  const b = await MqttBroker.open();
  const stored = { version: 5, clean: false, properties: { 17: 3600 } } as const;
  const first = await b.client(stored);
  first.cut();
  await b.settled();
  const refused = await b.client({ ...stored, password: 'wrong' });
  const { connack, isClosed } = refused;
  assert.deepEqual([connack?.codes, connack?.isPresent, isClosed], [[0x86], false, true]);
  assert.equal((await b.client(stored)).connack?.isPresent, true);
});

test('[MQTT-4.12.0-1] [MQTT-4.12.0-6] [MQTT-3.1.2-28] authentication methods are refused, and CONNACK names none and no response information', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client({ version: 5, properties: { 21: 'SCRAM' } });
  assert.deepEqual([peer.connack?.codes, peer.isClosed], [[0x8c], true]);
  for (const wanted of [0, 1]) {
    const { connack } = await b.client({ version: 5, properties: { 25: wanted } });
    assert.deepEqual(Object.keys(connack?.properties ?? {}).sort(), ['33', '34', '39']);
  }
});

test('[MQTT-3.1.4-6] [MQTT-3.14.0-1] nothing behind a refused CONNECT is handled', async () => {
  const b = await MqttBroker.open();
  const retained = packet(0x31, field('t'), none, Buffer.from('x'));
  const wrong = connectPacket({ version: 5, password: 'wrong' });
  const { peer, packets } = await sent(b, wrong, retained, packet(0xc0));
  assert.deepEqual(
    [packets.map(({ type, codes }) => [type, codes]), peer.isClosed],
    [[['connack', [0x86]]], true],
  );
  const to = await b.client();
  to.subscribe({ '#': 0 });
  b.sync();
  assert.deepEqual(to.messages(), []);
});

test('[MQTT-3.1.4-5] [MQTT-3.2.0-1] [MQTT-3.2.0-2] [MQTT-3.2.2-1] [MQTT-3.12.4-1] CONNACK is sent once, before the answers to the packets behind CONNECT', async () => {
  const b = await MqttBroker.open();
  const { packets } = await sent(b, connectPacket({ version: 5 }), packet(0xc0), packet(0xc0));
  assert.deepEqual(
    packets.map(({ type, codes }) => [type, codes]),
    [
      ['connack', [0]],
      ['pingresp', undefined],
      ['pingresp', undefined],
    ],
  );
});

test('[MQTT-3.1.3-5] client ids of letters and digits with up to 23 bytes are accepted', async () => {
  const b = await MqttBroker.open();
  for (const clientId of [
    'a',
    '0123456789abcdefghijklm',
    'NOPQRSTUVWXYZnopqrstuvw',
    'xyzABCDEFGHIJKLM',
  ]) {
    assert.deepEqual((await b.client({ version: 5, clientId })).connack?.codes, [0], clientId);
  }
});

test('[MQTT-3.1.3-6] [MQTT-3.1.3-7] each client without a client id has a session of its own', async () => {
  const b = await MqttBroker.open();
  const unnamed = { version: 5, clientId: '' } as const;
  const peers = [await b.client(unnamed), await b.client(unnamed)];
  const ids = peers.map(({ connack }) => connack?.properties?.[0x12]);
  assert.ok(ids.every((id) => typeof id === 'string' && id !== ''));
  assert.notEqual(ids[0], ids[1]);
  assert.deepEqual(
    peers.map(({ isClosed }) => isClosed),
    [false, false],
  );
  // The assigned id is that of the session.
  const again = await b.client({ version: 5, clientId: String(ids[0]) });
  assert.deepEqual(peers[0]?.take()[0]?.codes, [0x8e]);
  assert.deepEqual(again.connack?.codes, [0]);
});

test('[MQTT-3.2.2-19] [MQTT-3.1.2-24] packets larger than the Maximum Packet Size of a client are not sent to it', async () => {
  const b = await MqttBroker.open();
  const refused = async (size: number) =>
    (await b.client({ version: 5, password: 'wrong', properties: { 39: size } })).connack;
  assert.match(String((await refused(1000))?.properties?.[0x1f]), /password is invalid/);
  const short = await refused(20);
  assert.deepEqual([short?.codes, short?.properties], [[0x86], {}]);
  assert.equal(await refused(4), undefined);
  const tiny = await b.client({ version: 5, properties: { 39: 10 } });
  assert.deepEqual([tiny.connack?.codes, tiny.isClosed], [[0x95], true]);
  const small = await b.client({ version: 5, properties: { 39: 40 } });
  assert.deepEqual(small.connack?.codes, [0]);
  const filters = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`t/${n}`, 0]));
  small.subscribe(filters(35));
  b.sync();
  assert.equal(small.take()[0]?.codes?.length, 35);
  for (const isNew of [true, false]) {
    const peer = await b.client({ version: 5, properties: { 39: 40 } });
    if (isNew) peer.subscribe(filters(36));
    else peer.unsubscribe(Object.keys(filters(36)));
    await b.settled();
    b.sync();
    assert.deepEqual([peer.take().map(({ codes }) => codes), peer.isClosed], [[[0x95]], true]);
  }
});

test('[MQTT-3.14.2-1] [MQTT-3.14.2-2] [MQTT-3.14.2-3] [MQTT-3.1.2-29] DISCONNECT has a reason as text if the client wants it and has room for it, and no session expiry', async () => {
  const b = await MqttBroker.open();
  const taken = async (properties: Readonly<Record<number, number>>) => {
    const peer = await b.client({ version: 5, clientId: 'one', properties });
    await b.client({ version: 5, clientId: 'one' });
    const [last, ...others] = peer.take();
    assert.deepEqual([last?.type, last?.codes, others], ['disconnect', [0x8e], []]);
    return last?.properties;
  };
  assert.deepEqual(Object.keys((await taken({ 17: 100 })) ?? {}), ['31']);
  assert.deepEqual(await taken({ 39: 20 }), {});
  assert.deepEqual(await taken({ 23: 0 }), {});
});

test('[MQTT-3.14.4-1] [MQTT-3.14.4-2] nothing is sent after DISCONNECT, and the connection is closed', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client({ version: 5, clientId: 'bad' });
  peer.subscribe({ t: 0 });
  b.sync();
  peer.take();
  peer.receive(Buffer.concat([packet(0xc0), packet(0xf0), packet(0xc0)]));
  const from = await b.client({ clientId: 'from' });
  from.publish('t', 'x');
  assert.deepEqual(
    [peer.take().map(({ type }) => type), peer.isClosed],
    [['pingresp', 'disconnect'], true],
  );
});
