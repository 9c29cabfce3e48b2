import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttBroker, type MqttPeer } from '../../support/mqtt-peer.ts';

// Sessions: what outlives a connection, and what a crash of the broker leaves.

const lasting = { version: 5, clean: false, properties: { 17: 3600 } } as const;

/** A client of a stored session with a subscription. */
async function subscriber(b: MqttBroker, qos = 2, clientId = 'to'): Promise<MqttPeer> {
  const to = await b.client({ ...lasting, clientId });
  to.subscribe({ 't/#': qos });
  b.sync();
  to.take();
  return to;
}

test('[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.1.2-6] [MQTT-3.1.3-2] [MQTT-3.1.4-4] [MQTT-3.2.2-2] [MQTT-3.2.2-3] [MQTT-4.5.0-1] a session and its messages are resumed unless a clean session is requested', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  for (const version of [3, 4, 5] as const) {
    const clientId = `to${version}`;
    const options = version === 5 ? { ...lasting, clientId } : { version, clientId, clean: false };
    const first = await b.client(options);
    assert.equal(first.connack?.isPresent, false);
    first.subscribe({ 't/#': 1 });
    b.sync();
    first.take();
    first.cut();
    await b.settled();
    for (const n of [1, 2]) from.publish('t/x', `${n}`, { qos: 1, id: n });
    b.sync();
    const second = await b.client(options);
    assert.equal(second.connack?.isPresent, version !== 3); // 3.1 has no such flag
    assert.deepEqual(second.payloads(), ['1', '2']);
    second.cut();
    await b.settled();
    const third = await b.client({ ...options, clean: true });
    assert.equal(third.connack?.isPresent, false);
    from.publish('t/x', 'unseen', { qos: 1, id: 3 });
    assert.deepEqual(third.payloads(), []);
    third.cut();
    await b.settled();
  }
});

test('[MQTT-4.4.0-1] [MQTT-3.3.1-1] unacknowledged messages are resent in order with their packet ids and DUP', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await subscriber(b);
  for (let n = 0; n < 5; n++) from.publish('t', `${n}`, { qos: 1 + (n % 2), id: n + 1 });
  b.sync();
  // The order is that of the messages with the same QoS. [MQTT-4.6.0-6]
  const first = to.messages().sort((a, z) => Number(a.payload) - Number(z.payload));
  assert.equal(first.length, 5);
  to.puback(first[2]?.id ?? 0);
  to.pubrec(first[1]?.id ?? 0);
  b.sync();
  assert.deepEqual(
    to.take().map(({ type }) => type),
    ['pubrel'],
  );
  to.cut();
  await b.settled();
  const again = await b.client({ ...lasting, clientId: 'to' });
  const [pubrel, ...messages] = again.take();
  assert.deepEqual([pubrel?.type, pubrel?.id], ['pubrel', first[1]?.id]);
  const expected = [0, 3, 4].map((n) => [first[n]?.id, `${n}`, true]);
  assert.deepEqual(
    messages.map(({ id, payload, dup }) => [id, payload, dup]),
    expected,
  );
});

test('[MQTT-4.3.3-6] QoS 2 to a client across crashes: ids are stable, and no duplicates follow PUBREC', async () => {
  let b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await subscriber(b);
  for (let n = 0; n < 4; n++) from.publish('t', `${n}`, { qos: 2, id: n + 1 });
  // What a client knows by its id must not be lost, so nothing is sent before it is on the disk.
  assert.deepEqual(to.take(), []);
  b.sync();
  const ids = to.messages().map(({ id = 0 }) => id);
  assert.equal(new Set(ids).size, 4);
  to.pubrec(ids[0] ?? 0);
  to.pubrec(ids[1] ?? 0);
  // PUBREL would make the client forget the id: it waits for the disk.
  assert.deepEqual(to.take(), []);
  b.sync();
  assert.equal(to.take().length, 2);
  to.pubcomp(ids[0] ?? 0);
  to.pubrec(ids[2] ?? 0); // not synced
  b = await b.crash();
  const again = await b.client({ ...lasting, clientId: 'to' });
  assert.equal(again.connack?.isPresent, true);
  const packets = again.take();
  assert.deepEqual(
    packets.map(({ type, id, dup }) => [type, id, dup]),
    [
      // PUBCOMP was not synced: PUBREL once more does no harm.
      ['pubrel', ids[0], undefined],
      ['pubrel', ids[1], undefined],
      ['publish', ids[2], true],
      ['publish', ids[3], true],
    ],
  );
});

test('[MQTT-4.3.3-10] QoS 2 from a client across crashes: no message is published again after PUBREC', async () => {
  let b = await MqttBroker.open();
  const to = await subscriber(b);
  let from = await b.client({ ...lasting, clientId: 'from' });
  from.publish('t', 'one', { qos: 2, id: 1 });
  b.sync();
  assert.deepEqual(
    from.take().map(({ type }) => type),
    ['pubrec'],
  );
  from.publish('t', 'two', { qos: 2, id: 2 }); // not synced: no PUBREC
  assert.deepEqual(from.take(), []);
  to.cut();
  b = await b.crash();
  from = await b.client({ ...lasting, clientId: 'from' });
  from.publish('t', 'one', { qos: 2, id: 1, dup: true });
  from.publish('t', 'two', { qos: 2, id: 2, dup: true });
  b.sync();
  assert.deepEqual(
    from.take().map(({ type, id }) => [type, id]),
    [
      ['pubrec', 1],
      ['pubrec', 2],
    ],
  );
  from.pubrel(1);
  assert.deepEqual(from.take(), []); // PUBCOMP frees the id, which must be known after a crash
  b.sync();
  assert.deepEqual(
    from.take().map(({ type, id }) => [type, id]),
    [['pubcomp', 1]],
  );
  b = await b.crash();
  from = await b.client({ ...lasting, clientId: 'from' });
  from.publish('t', 'three', { qos: 2, id: 1 });
  b.sync();
  const again = await b.client({ ...lasting, clientId: 'to' });
  assert.deepEqual(again.payloads(), ['one', 'two', 'three']);
});

test('a crash between the records of a message and its packet id keeps both or neither', async () => {
  const before = await MqttBroker.open();
  const witness = await subscriber(before);
  const from = await before.client({ ...lasting, clientId: 'from' });
  before.sync();
  const known = before.log.rows.length;
  from.publish('t', 'x', { qos: 2, id: 1 });
  const added = before.log.rows.length - known;
  assert.ok(added >= 2);
  witness.cut();
  for (let count = 0; count <= added; count++) {
    const b = await before.crash({}, known + count);
    const again = await b.client({ ...lasting, clientId: 'from' });
    again.publish('t', 'x', { qos: 2, id: 1, dup: true });
    b.sync();
    const to = await b.client({ ...lasting, clientId: 'to' });
    assert.deepEqual(to.payloads(), ['x'], `${count} of ${added} records`);
  }
});

test('[MQTT-4.1.0-1] subscriptions, retained messages and QoS 1 messages survive a crash', async () => {
  let b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await subscriber(b, 1);
  to.subscribe({ 'live/+': 0 }, { 11: 77 });
  b.sync();
  from.publish('t/r', 'kept', { qos: 1, id: 1, retain: true });
  from.publish('t/s', 'plain', { qos: 1, id: 2 });
  b.sync();
  for (let restarts = 0; restarts < 3; restarts++) b = await b.crash();
  const again = await b.client({ ...lasting, clientId: 'to' });
  assert.deepEqual(again.payloads(), ['kept', 'plain']);
  const late = await b.client({ clientId: 'late' });
  late.subscribe({ '#': 1 });
  b.sync();
  assert.deepEqual(
    late.messages().map(({ payload, retain }) => [payload, retain]),
    [['kept', true]],
  );
  const other = await b.client({ clientId: 'other' });
  other.publish('live/x', 'live');
  assert.deepEqual(
    again.messages().map(({ payload, properties }) => [payload, properties?.[0x0b]]),
    [['live', [77]]],
  );
});

test('[MQTT-3.1.2-23] [MQTT-4.1.0-2] a session expires with its messages, even during a broker restart', async () => {
  let b = await MqttBroker.open();
  const to = await subscriber(b);
  to.cut();
  await b.settled();
  b.advance(3_599_000);
  b = await b.crash();
  let again = await b.client({ ...lasting, clientId: 'to' });
  assert.equal(again.connack?.isPresent, true);
  again.cut();
  await b.settled();
  b.advance(3_601_000);
  await b.settled();
  assert.equal([...b.broker.sessions.all('/')].length, 0);
  assert.equal(sessionQueues(b), 0);
  again = await b.client({ ...lasting, clientId: 'to' });
  assert.equal(again.connack?.isPresent, false);
});

/** The number of queues that belong to sessions. */
function sessionQueues(b: MqttBroker): number {
  const names = [...b.broker.vhost('/').queues.keys()];
  return names.filter((name) => name.startsWith('amq.subscription.$')).length;
}

test('[MQTT-3.1.4-3] a new connection with the same client id closes the old one and resumes its session', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await subscriber(b, 1);
  from.publish('t', 'x', { qos: 1, id: 1 });
  const [message] = to.messages();
  const again = await b.client({ ...lasting, clientId: 'to' });
  assert.deepEqual(to.take()[0]?.codes, [0x8e]);
  assert.ok(to.isClosed);
  assert.equal(again.connack?.isPresent, true);
  const [repeated] = again.messages();
  assert.deepEqual([repeated?.payload, repeated?.id, repeated?.dup], ['x', message?.id, true]);
  // The late end of the first connection changes nothing.
  to.cut();
  await b.settled();
  again.puback(repeated?.id ?? 0);
  from.publish('t', 'y', { qos: 1, id: 2 });
  assert.deepEqual(again.payloads(), ['y']);
});

test('the last of many simultaneous connections with the same client id stays open', async () => {
  const b = await MqttBroker.open();
  const peers = await Promise.all(
    Array.from({ length: 20 }, () => b.client({ ...lasting, clientId: 'same' })),
  );
  await b.settled();
  b.sync();
  assert.deepEqual(
    peers.map(({ isClosed }) => isClosed),
    [...Array.from({ length: 19 }, () => true), false],
  );
  assert.equal(b.broker.clientConnections.size, 1);
});

test('DISCONNECT can shorten a session expiry, but not add one', async () => {
  const b = await MqttBroker.open();
  const to = await subscriber(b);
  to.disconnect(Buffer.of(0), Buffer.of(5, 0x11, 0, 0, 0, 0));
  await b.settled();
  assert.equal([...b.broker.sessions.all('/')].length, 0);
  const brief = await b.client({ version: 5, clientId: 'brief' });
  brief.disconnect(Buffer.of(0), Buffer.of(5, 0x11, 0, 0, 0, 9));
  assert.deepEqual(brief.take()[0]?.codes, [0x82]);
});

test('[MQTT-3.1.3-9] [MQTT-3.1.2-8] [MQTT-3.1.2-10] a will is sent after its delay unless the client reconnects or disconnects', async () => {
  const b = await MqttBroker.open();
  const to = await b.client({ clientId: 'to', version: 5 });
  to.subscribe({ 'w/#': 1 });
  b.sync();
  to.take();
  const will = (topic: string, delay: number) => ({
    topic,
    payload: 'gone',
    qos: 1,
    properties: { 24: delay, 3: 'text', 38: [['k', 'v']] as const },
  });
  const at = async (clientId: string, delay: number, clean = true) =>
    b.client({ ...lasting, clean, clientId, will: will(`w/${clientId}`, delay) });
  (await at('now', 0)).cut();
  await b.settled();
  const [first] = to.messages();
  assert.deepEqual(
    [first?.topic, first?.payload, first?.properties],
    ['w/now', 'gone', { 3: 'text', 38: [['k', 'v']] }],
  );
  (await at('later', 10)).cut();
  (await at('back', 10)).cut();
  (await at('polite', 10)).disconnect();
  (await at('polite-with-will', 0)).disconnect(Buffer.of(4));
  await b.settled();
  assert.deepEqual(
    to.messages().map(({ topic }) => topic),
    ['w/polite-with-will'],
  );
  await at('back', 10, false);
  b.advance(11_000);
  await b.settled();
  assert.deepEqual(
    to.messages().map(({ topic }) => topic),
    ['w/later'],
  );
  // The delay is not longer than the session.
  const short = { clientId: 'short', version: 5, properties: { 17: 2 } } as const;
  (await b.client({ ...short, will: will('w/short', 100) })).cut();
  b.advance(3000);
  await b.settled();
  assert.deepEqual(
    to.messages().map(({ topic }) => topic),
    ['w/short'],
  );
});

test('a shared subscription delivers each message to one session', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const peers = await Promise.all(['1', '2'].map((clientId) => b.client({ clientId, version: 5 })));
  for (const peer of peers) peer.subscribe({ '$share/g/t/#': 1 });
  b.sync();
  for (const peer of peers) peer.take();
  for (let n = 0; n < 10; n++) from.publish('t/x', `${n}`, { qos: 1, id: n + 1 });
  const [one = [], two = []] = peers.map((peer) => peer.messages());
  assert.deepEqual(
    [...one, ...two].map(({ payload }) => Number(payload)).sort(),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.ok(one.length > 0 && two.length > 0);
  // What one session did not acknowledge goes to the other.
  peers[0]?.cut();
  await b.settled();
  assert.deepEqual(
    peers[1]?.messages().map(({ payload }) => payload),
    one.map(({ payload }) => payload),
  );
  peers[1]?.unsubscribe(['$share/g/t/#']);
  assert.equal(sessionQueues(b), 0);
});

test('a shared subscription of a persistent session stores messages while it is disconnected', async () => {
  let b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ ...lasting, clientId: 'to' });
  to.subscribe({ '$share/g/t': 2 });
  b.sync();
  to.take();
  to.cut();
  await b.settled();
  from.publish('t', 'x', { qos: 2, id: 1 });
  b.sync();
  b = await b.crash();
  const again = await b.client({ ...lasting, clientId: 'to' });
  const [message] = again.messages();
  assert.equal(message?.payload, 'x');
  again.pubrec(message?.id ?? 0);
  b.sync();
  again.pubcomp(message?.id ?? 0);
  again.disconnect(Buffer.of(0), Buffer.of(5, 0x11, 0, 0, 0, 0));
  await b.settled();
  assert.equal(sessionQueues(b), 0);
});

test('a client that never acknowledges blocks no other client and holds only its window', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await subscriber(b, 1);
  const other = await subscriber(b, 1, 'other');
  for (let n = 0; n < 3000; n++) {
    from.publish('t', `${n}`, { qos: 1, id: 1 + n });
    const [message] = other.messages();
    other.puback(message?.id ?? 0);
    if (n % 100 !== 0) continue;
    b.sync();
    // Only some thousand packets are handled in one turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  b.sync();
  await b.settled();
  assert.equal(to.messages().length, 1000);
  assert.equal(other.messages().length, 0);
});
