import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configureActiveMq } from '../../../src/broker/activemq/activemq.ts';
import { defaultConfiguration } from '../../../src/broker/activemq/configuration.ts';
import { mqttForActiveMq } from '../../../src/protocols/mqtt/activemq/protocol.ts';
import { storedWillBytes, willPauseMs } from '../../../src/protocols/mqtt/limits.ts';
import type { TestConnect } from '../../support/mqtt-packets.ts';
import { MqttBroker, type MqttPeer } from '../../support/mqtt-peer.ts';

// Wills that are published after a stop or a crash of the broker (3.1.2.5, 3.1.3.2.2).

const lasting = { version: 5, clean: false, properties: { 17: 1000 } } as const;

/** A will with a delay in seconds. */
const will = (topic: string, delay = 0, qos = 1) => ({
  topic: `w/${topic}`,
  payload: 'gone',
  qos,
  properties: { 24: delay },
});

/** A subscriber whose session survives. */
async function witnessOf(b: MqttBroker): Promise<MqttPeer> {
  const peer = await b.client({ ...lasting, clientId: 'witness' });
  if (peer.connack?.isPresent !== true) {
    peer.subscribe({ 'w/#': 1 });
    b.sync();
    peer.take();
  }
  return peer;
}

/** The topics of the wills that a subscriber is sent, and acknowledges. */
async function seenBy(b: MqttBroker, peer: MqttPeer): Promise<(string | undefined)[]> {
  await b.settled();
  b.sync();
  const messages = peer.messages();
  for (const { id, qos } of messages) if (qos === 1) peer.puback(id ?? 0);
  b.sync();
  return messages.map(({ topic }) => topic?.slice(2));
}

/** A broker with the clients after a crash. */
async function crashed(b: MqttBroker, ...clients: readonly TestConnect[]): Promise<MqttBroker> {
  for (const client of clients) {
    const { connack } = await b.client(client);
    assert.deepEqual(connack?.codes, [0]);
  }
  b.sync();
  return b.crash();
}

test('[MQTT-3.1.2-8] after a crash, the wills of connected clients are published once, after a pause', async () => {
  let b = await MqttBroker.open();
  await witnessOf(b);
  const all = { clean: true, will: will('a') };
  b = await crashed(
    b,
    { ...all, clientId: 'a', version: 3 },
    { ...all, clientId: 'b', version: 4, will: will('b') },
    { ...all, clientId: 'c', version: 5, will: will('c', 900) },
    { ...lasting, clientId: 'd', will: will('d') },
  );
  let witness = await witnessOf(b);
  b.advance(willPauseMs - 1);
  assert.deepEqual(await seenBy(b, witness), []);
  // The session of `c` has ended with its connection, and with it the delay.
  b.advance(1);
  assert.deepEqual((await seenBy(b, witness)).sort(), ['a', 'b', 'c', 'd']);
  b = await b.crash();
  witness = await witnessOf(b);
  b.advance(willPauseMs);
  assert.deepEqual(await seenBy(b, witness), []);
  assert.deepEqual([...b.broker.sessions.wills.all('/')], []);
});

test('[MQTT-3.1.3-9] after a crash, the delay of a connected client begins, and its return ends it', async () => {
  let b = await MqttBroker.open();
  await witnessOf(b);
  const [back, gone] = ['back', 'gone'].map((clientId) => {
    return { ...lasting, clientId, will: will(clientId, 60) };
  });
  b = await crashed(b, back ?? {}, gone ?? {});
  // Another crash does not make the delay longer.
  b.advance(20_000);
  b = await b.crash();
  b.advance(20_000);
  await b.client({ ...lasting, clientId: 'back' });
  const witness = await witnessOf(b);
  b.advance(19_999);
  assert.deepEqual(await seenBy(b, witness), []);
  b.advance(1);
  assert.deepEqual(await seenBy(b, witness), ['gone']);
});

test('a will waits for its time over restarts, and is published after the pause if that has passed', async () => {
  let b = await MqttBroker.open();
  let witness = await witnessOf(b);
  for (const [clientId, delay] of Object.entries({ early: 10, late: 100, back: 100 })) {
    (await b.client({ ...lasting, clientId, will: will(clientId, delay) })).cut();
  }
  assert.deepEqual(await seenBy(b, witness), []);
  witness.cut();
  await b.settled();
  b.sync();
  b.clock.advance(50_000);
  b = await b.crash();
  witness = await witnessOf(b);
  await b.client({ ...lasting, clientId: 'back' });
  b.advance(willPauseMs);
  assert.deepEqual(await seenBy(b, witness), ['early']);
  b.advance(50_000 - willPauseMs - 1);
  assert.deepEqual(await seenBy(b, witness), []);
  b.advance(1);
  assert.deepEqual(await seenBy(b, witness), ['late']);
  b = await b.crash();
  assert.deepEqual([...b.broker.sessions.wills.all('/')], []);
});

test('a client that returns in the pause is answered after its will that was due', async () => {
  let b = await MqttBroker.open();
  await witnessOf(b);
  b = await crashed(
    b,
    { ...lasting, clientId: 'a', will: will('a') },
    { clientId: 'b', will: will('b') },
  );
  const witness = await witnessOf(b);
  await b.client({ ...lasting, clientId: 'a', will: will('next') });
  await b.client({ clientId: 'b' });
  assert.deepEqual(await seenBy(b, witness), ['a', 'b']);
  b.advance(willPauseMs);
  assert.deepEqual(await seenBy(b, witness), []);
  b = await b.crash();
  const again = await witnessOf(b);
  b.advance(willPauseMs);
  assert.deepEqual(await seenBy(b, again), ['next']);
});

test('[MQTT-3.1.2-10] [MQTT-3.14.4-3] a will that was discarded or published does not come back after a crash', async () => {
  let b = await MqttBroker.open();
  const before = await witnessOf(b);
  (await b.client({ ...lasting, clientId: 'polite', will: will('polite', 50) })).disconnect();
  (await b.client({ ...lasting, clientId: 'told', will: will('told') })).disconnect(Buffer.of(4));
  (await b.client({ clientId: 'cut', will: will('cut') })).cut();
  await b.client({ ...lasting, clientId: 'taken', will: will('taken', 50) });
  await b.client({ ...lasting, clientId: 'taken', will: will('new', 50) });
  await b.client({ ...lasting, clientId: 'clean', will: will('clean', 50) });
  await b.settled();
  // The session ends, and with it the delay.
  await b.client({ ...lasting, clientId: 'clean', clean: true });
  assert.deepEqual(await seenBy(b, before), ['told', 'cut', 'clean']);
  b = await b.crash();
  const witness = await witnessOf(b);
  b.advance(60_000);
  assert.deepEqual(await seenBy(b, witness), ['new']);
});

test('a session that expires during a stop ends the delay of its will', async () => {
  let b = await MqttBroker.open();
  await witnessOf(b);
  const short = { version: 5, clean: false, properties: { 17: 30 } } as const;
  const long = { ...lasting, clientId: 'long', will: will('long', 31) };
  (await b.client({ ...short, clientId: 'short', will: will('short', 900) })).cut();
  (await b.client(long)).cut();
  await b.settled();
  b.sync();
  b.clock.advance(30_000);
  b = await b.crash();
  const witness = await witnessOf(b);
  b.advance(1);
  assert.deepEqual(await seenBy(b, witness), []);
  b.advance(willPauseMs - 1);
  assert.deepEqual((await seenBy(b, witness)).sort(), ['long', 'short']);
});

test('[MQTT-3.1.2-14] [MQTT-3.1.2-15] [MQTT-3.1.3-10] a will keeps its content over a crash', async () => {
  let b = await MqttBroker.open();
  const pairs = [['k', 'é']] as const;
  const properties = { 1: 1, 2: 90, 3: 'text', 8: 'r', 9: Buffer.of(1, 255), 38: pairs };
  const full = { topic: 'w/full', payload: 'é', qos: 2, retain: true, properties } as const;
  b = await crashed(
    b,
    { clientId: 'f', version: 5, will: full },
    { clientId: 'e', version: 4, will: { topic: 'w/empty', payload: '', qos: 0 } },
  );
  const live = await b.client({ clientId: 'live', version: 5 });
  live.subscribe({ 'w/#': 2 });
  b.sync();
  live.take();
  b.advance(willPauseMs);
  await b.settled();
  b.sync();
  const sent = [
    ['w/full', 'é', 2, false],
    ['w/empty', '', 0, false],
  ];
  const messages = live.messages();
  assert.deepEqual(
    messages.map(({ topic, payload, qos, retain }) => [topic, payload, qos, retain]),
    sent,
  );
  const shown = { ...properties, 9: '01ff' };
  assert.deepEqual(messages[0]?.properties, shown);
  const late = await b.client({ clientId: 'late', version: 5 });
  late.subscribe({ 'w/#': 0 });
  b.sync();
  assert.deepEqual(
    late.messages().map(({ topic, retain }) => [topic, retain]),
    [['w/full', true]],
  );
});

test('at each record of the log, a crash leaves a will once or not at all', async () => {
  const before = await MqttBroker.open();
  await witnessOf(before);
  before.sync();
  const known = before.log.rows.length;
  const client = await before.client({ ...lasting, clientId: 'c', will: will('c', 5) });
  const connected = before.log.rows.length;
  client.cut();
  await before.settled();
  before.clock.advance(5000);
  before.broker.tick();
  await before.settled();
  const added = before.log.rows.length - known;
  const seen: number[] = [];
  for (let count = 0; count <= added; count++) {
    // What was synced is there in any case: only more than that is tried.
    const b = await before.crash({}, known + count);
    const witness = await witnessOf(b);
    b.advance(60_000);
    seen.push((await seenBy(b, witness)).length);
  }
  const first = seen.indexOf(1);
  assert.ok(first >= 0 && known + first <= connected, `${seen}`);
  assert.ok(
    seen.every((count, at) => count === (at < first ? 0 : 1)),
    `${seen}`,
  );
});

test('the will of a user that was deleted during the stop is dropped', async () => {
  let b = await MqttBroker.open();
  await witnessOf(b);
  await b.client({ clientId: 'a', will: will('a') });
  await b.client({ clientId: 'b', username: 'eve', will: will('b') });
  b = await b.crash();
  // As a broker does that starts with other users.
  b.broker.deleteUser('eve');
  const witness = await witnessOf(b);
  b.advance(willPauseMs);
  assert.deepEqual(await seenBy(b, witness), ['a']);
});

test('the permissions of the next start decide, with the groups of a log-in to a directory', async () => {
  const open = (before: MqttBroker | undefined, granted: readonly string[]) => {
    const entry = { read: granted, write: granted, admin: granted } as const;
    const entries = [{ ...entry, kind: 'topic', name: 'w.>' }] as const;
    const authorisation = { entries, temporary: undefined, users: [] };
    const check = async ({ username }: { username: string }) => ({ groups: [`${username}s`] });
    return MqttBroker.open({}, before, { directory: { check } }, 0, (broker) => {
      configureActiveMq(broker, { ...defaultConfiguration, authorisation });
      return mqttForActiveMq(broker);
    });
  };
  const before = await open(undefined, ['bobs', 'eves']);
  await witnessOf(before);
  for (const username of ['bob', 'eve', 'ann']) {
    await before.client({ clientId: username, username, will: will(username) });
  }
  before.sync();
  const b = await open(before, ['bobs', 'anns']);
  const witness = await witnessOf(b);
  b.advance(willPauseMs);
  assert.deepEqual((await seenBy(b, witness)).sort(), ['ann', 'bob']);
});

test('wills for which there is no room end with the process, and have no delay', async () => {
  const sizeOf = (topic: string) => 6 + 2 + 2 + topic.length + 2 + 4 + storedWillBytes;
  const size = sizeOf('a');
  const limits = { willBytesMax: 3 * size, userWillBytesMax: 2 * size };
  let b = await MqttBroker.open(limits);
  await witnessOf(b);
  const clients = ['a', 'b', 'c', 'd', 'e'].map((clientId, at) => {
    const username = at < 3 ? 'bob' : 'eve';
    return { ...lasting, clientId, username, will: will(clientId, 100) };
  });
  for (const client of clients) await b.client(client);
  const stored = () => [...b.broker.sessions.wills.all('/')].map(({ client }) => client);
  assert.deepEqual(stored(), ['a', 'b', 'd'], 'one user has not all of the room');
  b.sync();
  b = await b.crash(limits);
  let witness = await witnessOf(b);
  await b.client({ ...lasting, clientId: 'a' });
  await b.client({ ...lasting, clientId: 'c', will: will('c', 100) });
  assert.deepEqual(stored(), ['b', 'd', 'c'], 'a client that returns makes room');
  (await b.client({ ...lasting, clientId: 'f', will: will('f', 100) })).cut();
  assert.deepEqual(await seenBy(b, witness), ['f']);
  b.advance(100_000);
  assert.deepEqual((await seenBy(b, witness)).sort(), ['b', 'd']);
  b = await b.crash(limits);
  witness = await witnessOf(b);
  b.advance(100_000);
  assert.deepEqual(await seenBy(b, witness), ['c']);
});

test('while publishers wait for disk space, wills of new connections are not stored', async () => {
  const b = await MqttBroker.open();
  const stored = () => [...b.broker.sessions.wills.all('/')].map(({ client }) => client);
  await b.client({ clientId: 'a', will: will('a') });
  b.broker.flow.block('low on disk');
  const peer = await b.client({ clientId: 'b', will: will('b') });
  assert.deepEqual([peer.connack?.codes, stored()], [[0], ['a']]);
  b.broker.flow.unblock('low on disk');
  await b.client({ clientId: 'c', will: will('c') });
  assert.deepEqual(stored(), ['a', 'c']);
});

test('a clock that was set back makes the delay of a will no longer', async () => {
  let b = await MqttBroker.open();
  await witnessOf(b);
  (await b.client({ ...lasting, clientId: 'a', will: will('a', 10) })).cut();
  await b.settled();
  b.sync();
  b.clock.advance(-1_000_000);
  b = await b.crash();
  const witness = await witnessOf(b);
  b.advance(9999);
  assert.deepEqual(await seenBy(b, witness), []);
  b.advance(1);
  assert.deepEqual(await seenBy(b, witness), ['a']);
});
