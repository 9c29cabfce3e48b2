import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subscribePacket } from '../../support/mqtt-packets.ts';
import { MqttBroker } from '../../support/mqtt-peer.ts';

// Publishing and delivery, in the terms of MQTT 5's normative statements.

test('[MQTT-4.3.1-1] [MQTT-3.3.1-2] a QoS 0 message is delivered with QoS 0 and no acknowledgement', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ clientId: 'to' });
  to.subscribe({ 'a/b': 2 });
  b.sync();
  assert.deepEqual(to.take(), [{ type: 'suback', id: 1, codes: [2] }]);
  from.publish('a/b', 'hello');
  assert.deepEqual(from.take(), []);
  assert.deepEqual(to.take(), [
    {
      type: 'publish',
      topic: 'a/b',
      payload: 'hello',
      qos: 0,
      id: 0,
      retain: false,
      dup: false,
      properties: {},
    },
  ]);
});

test('[MQTT-4.3.2-4] PUBACK is sent once a QoS 1 message is on disk', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const durable = await b.client({ clientId: 'durable', clean: false });
  durable.subscribe({ '#': 1 });
  b.sync();
  durable.take();
  from.publish('a', 'm', { qos: 1, id: 7 });
  assert.deepEqual(from.take(), []);
  assert.equal(durable.payloads().length, 1);
  b.sync();
  assert.deepEqual(from.take(), [{ type: 'puback', id: 7, codes: [0] }]);
});

test('[MQTT-4.3.3-10] a QoS 2 message is delivered once, even if it is sent repeatedly', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ clientId: 'to' });
  to.subscribe({ a: 2 });
  b.sync();
  to.take();
  from.publish('a', 'm', { qos: 2, id: 9 });
  from.publish('a', 'm', { qos: 2, id: 9, dup: true });
  b.sync();
  assert.deepEqual(
    from.take().map(({ type, id }) => [type, id]),
    [
      ['pubrec', 9],
      ['pubrec', 9],
    ],
  );
  from.pubrel(9);
  b.sync();
  assert.deepEqual(from.take(), [{ type: 'pubcomp', id: 9, codes: [0] }]);
  const [message, ...others] = to.messages();
  assert.deepEqual(others, []);
  assert.equal(message?.qos, 2);
  to.pubrec(message?.id ?? 0);
  assert.deepEqual(to.take(), [{ type: 'pubrel', id: message?.id, codes: [0] }]);
  to.pubcomp(message?.id ?? 0);
  assert.deepEqual(to.take(), []);
  // The id is free for another message now.
  from.publish('a', 'n', { qos: 2, id: 9 });
  assert.deepEqual(to.payloads(), ['n']);
});

test('[MQTT-3.8.4-8] the delivery QoS is the minimum of the message QoS and the granted QoS', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  for (const granted of [0, 1, 2]) {
    const to = await b.client({ clientId: `to${granted}` });
    to.subscribe({ q: granted });
    b.sync();
    to.take();
    for (const qos of [0, 1, 2]) from.publish('q', `${qos}`, { qos, id: 100 + granted * 10 + qos });
    b.sync();
    assert.deepEqual(
      to.messages().map((message) => message.qos),
      [0, 1, 2].map((qos) => Math.min(qos, granted)),
    );
  }
});

test('[MQTT-3.3.4-2] [MQTT-3.3.4-3] [MQTT-3.3.4-4] overlapping subscriptions get one copy with the maximum QoS and all identifiers', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ clientId: 'to', version: 5 });
  to.subscribe({ 'a/+': 0 }, { 11: 5 });
  to.subscribe({ 'a/#': 1 }, { 11: 300 });
  to.subscribe({ 'a/b': 2 });
  b.sync();
  to.take();
  from.publish('a/b', 'm', { qos: 2, id: 3 });
  const messages = to.messages();
  assert.equal(messages.length, 1);
  assert.equal(messages[0]?.qos, 2);
  assert.deepEqual(new Set(messages[0]?.properties?.[0x0b] as number[]), new Set([5, 300]));
});

test('[MQTT-4.6.0-5] [MQTT-4.6.0-6] messages of one publisher and topic are delivered in order', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ clientId: 'to' });
  to.subscribe({ t: 1 });
  b.sync();
  to.take();
  const all = Array.from({ length: 300 }, (_, n) => `${n}`);
  for (const [n, payload] of all.entries()) from.publish('t', payload, { qos: 1, id: n + 1 });
  assert.deepEqual(to.payloads(), all);
});

test('[MQTT-3.3.4-9] the number of in-flight messages does not exceed Receive Maximum', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ clientId: 'to', version: 5, properties: { 33: 3 } });
  to.subscribe({ t: 2 });
  b.sync();
  to.take();
  for (let n = 0; n < 10; n++) from.publish('t', `${n}`, { qos: 1 + (n % 2), id: n + 1 });
  b.sync();
  const first = to.messages();
  assert.deepEqual(
    first.map(({ payload }) => payload),
    ['0', '1', '2'],
  );
  to.puback(first[0]?.id ?? 0);
  assert.deepEqual(to.payloads(), ['3']);
  // A message with QoS 2 counts until PUBCOMP.
  to.pubrec(first[1]?.id ?? 0);
  b.sync();
  assert.deepEqual(to.payloads(), []);
  to.pubcomp(first[1]?.id ?? 0);
  assert.deepEqual(to.payloads(), ['4']);
});

test('[MQTT-3.3.1-8] a new subscription gets retained messages with RETAIN set, later ones without', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  from.publish('r/1', 'one', { qos: 1, id: 1, retain: true });
  from.publish('r/1', 'two', { qos: 1, id: 2, retain: true });
  from.publish('r/2', 'other', { retain: true });
  from.publish('r/3', 'gone', { retain: true });
  from.publish('r/3', '', { retain: true }); // [MQTT-3.3.1-6]
  b.sync();
  assert.deepEqual(
    from.take().map(({ type }) => type),
    ['puback', 'puback'],
  );
  const to = await b.client({ clientId: 'to' });
  to.subscribe({ 'r/+': 1 });
  b.sync();
  const retained = to.messages();
  assert.deepEqual(retained.map(({ payload, retain, qos }) => [payload, retain, qos]).sort(), [
    ['other', true, 0],
    ['two', true, 1],
  ]);
  from.publish('r/1', 'three', { retain: true });
  assert.deepEqual(
    to.messages().map(({ payload, retain }) => [payload, retain]),
    [['three', false]], // [MQTT-3.3.1-12]
  );
});

test('a SUBSCRIBE packet of nearly a mebibyte is read whole, however it is cut', async () => {
  for (const pieceBytes of [16_384, 100_000, 2_000_000]) {
    const b = await MqttBroker.open();
    const to = await b.client({ version: 5, clientId: 'to' });
    const filters = Array.from({ length: 9000 }, (_, n) => `${'x'.repeat(100)}/${n}`);
    const bytes = subscribePacket(5, 1, Object.fromEntries(filters.map((filter) => [filter, 0])));
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      to.receive(bytes.subarray(at, at + pieceBytes));
    }
    await b.settled();
    const [suback] = to.take();
    assert.deepEqual([suback?.type, suback?.codes?.length, to.isClosed], ['suback', 9000, false]);
    const from = await b.client({ clientId: 'from' });
    from.publish(filters.at(-1) ?? '', 'last');
    assert.deepEqual(to.payloads(), ['last']);
  }
});

test('an empty retained message for a topic that has none is acknowledged at once: nothing is written', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  b.sync();
  from.take();
  from.publish('r/none', '', { qos: 1, id: 5, retain: true });
  const [answer] = from.take();
  assert.deepEqual([answer?.type, answer?.id], ['puback', 5]);
  from.publish('r/none', 'one', { qos: 1, id: 6, retain: true });
  from.publish('r/none', '', { qos: 1, id: 7, retain: true });
  assert.deepEqual(from.take(), []);
  b.sync();
  assert.deepEqual(
    from.take().map(({ type, id }) => [type, id]),
    [
      ['puback', 6],
      ['puback', 7],
    ],
  );
});

test('many retained messages come in several turns, each once', async () => {
  const b = await MqttBroker.open({ workUnitsMax: 64 });
  const from = await b.client({ clientId: 'from' });
  const count = 500;
  for (let n = 0; n < count; n++) from.publish(`r/${n % 10}/${n}`, String(n), { retain: true });
  await b.settled();
  const to = await b.client({ clientId: 'to' });
  to.subscribe({ 'r/#': 0 });
  b.sync();
  const first = to.payloads();
  assert.ok(first.length < 50, `${first.length} messages at once`);
  const all = [...first];
  for (let turns = 0; all.length < count && turns < 10_000; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
    all.push(...to.payloads());
  }
  assert.deepEqual(
    all.map(Number).sort((one, other) => one - other),
    Array.from({ length: count }, (_, n) => n),
  );
});

test('[MQTT-3.3.2-5] an expired message is not sent, and [MQTT-3.3.2-6] the remaining expiry interval is sent', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from', version: 5 });
  const options = { clientId: 'to', version: 5, clean: false, properties: { 17: 1000 } } as const;
  const to = await b.client(options);
  to.subscribe({ t: 1 });
  b.sync();
  to.take();
  to.cut();
  await b.settled();
  from.publish('t', 'short', { qos: 1, id: 1, properties: { 2: 10 } });
  from.publish('t', 'long', { qos: 1, id: 2, properties: { 2: 100 } });
  b.sync();
  b.advance(30_000);
  await b.settled();
  const again = await b.client(options);
  assert.equal(again.connack?.isPresent, true);
  const messages = again.messages();
  assert.deepEqual(
    messages.map(({ payload, properties }) => [payload, properties?.[0x02]]),
    [['long', 70]],
  );
});

test('[MQTT-3.3.2-4] [MQTT-3.3.2-15] [MQTT-3.3.2-16] [MQTT-3.3.2-17] [MQTT-3.3.2-18] [MQTT-3.3.2-20] properties are forwarded unchanged', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from', version: 5 });
  const to = await b.client({ clientId: 'to', version: 5 });
  to.subscribe({ t: 0 });
  b.sync();
  to.take();
  const pairs = [
    ['b', '1'],
    ['a', '2'],
    ['b', '3'],
    ['', 'ä'],
  ] as const;
  const properties = {
    1: 1,
    3: 'text/plain',
    8: 'reply/to',
    9: Buffer.of(0, 255),
    38: pairs,
  };
  from.publish('t', 'x', { properties });
  assert.deepEqual(to.messages()[0]?.properties, {
    1: 1,
    3: 'text/plain',
    8: 'reply/to',
    9: '00ff',
    38: pairs.map((pair) => [...pair]),
  });
});

test('[MQTT-3.3.2-8] [MQTT-3.3.2-12] [MQTT-3.1.2-26] topic aliases work in both directions', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from', version: 5 });
  const to = await b.client({ clientId: 'to', version: 5, properties: { 34: 1 } });
  to.subscribe({ '#': 0 });
  b.sync();
  to.take();
  from.publish('long/name', '1', { properties: { 35: 4 } });
  from.publish('', '2', { properties: { 35: 4 } });
  from.publish('other', '3', { properties: { 35: 4 } });
  from.publish('', '4', { properties: { 35: 4 } });
  from.publish('long/name', '5');
  assert.deepEqual(
    to.messages().map(({ payload, topic, properties }) => [payload, topic, properties?.[0x23]]),
    [
      ['1', 'long/name', 1],
      ['2', '', 1],
      ['3', 'other', undefined], // [MQTT-3.1.2-26]: the client allows only one
      ['4', 'other', undefined],
      ['5', '', 1],
    ],
  );
  from.publish('', 'x', { properties: { 35: 5 } });
  assert.deepEqual(from.take()[0]?.codes, [0x82]);
  for (const alias of [0, 65, 65_535]) {
    const bad = await b.client({ clientId: 'bad', version: 5 });
    bad.publish('t', 'x', { properties: { 35: alias } });
    assert.deepEqual(bad.take()[0]?.codes, [0x94]);
    assert.ok(bad.isClosed);
  }
});

test('[MQTT-3.1.2-24] [MQTT-3.1.2-25] a message larger than the client’s Maximum Packet Size is dropped', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ clientId: 'to', version: 5, properties: { 39: 30 } });
  to.subscribe({ t: 1 });
  b.sync();
  to.take();
  from.publish('t', 'x'.repeat(30), { qos: 1, id: 1 });
  from.publish('t', 'x'.repeat(31), { qos: 0 });
  from.publish('t', 'small', { qos: 1, id: 2 });
  const [small, ...others] = to.messages();
  assert.deepEqual([small?.payload, ...others], ['small']);
  // It does not stay in the queue either.
  to.puback(small?.id ?? 0);
  await b.settled();
  for (const queue of b.broker.vhost('/').queues.values()) assert.equal(queue.index.count, 0);
});

test('[MQTT-3.3.1-3] the DUP flag of a delivery is independent of the publisher’s DUP flag', async () => {
  const b = await MqttBroker.open();
  const from = await b.client({ clientId: 'from' });
  const to = await b.client({ clientId: 'to' });
  to.subscribe({ t: 1 });
  b.sync();
  to.take();
  from.publish('t', 'x', { qos: 1, id: 1, dup: true });
  assert.equal(to.messages()[0]?.dup, false);
});

test('[MQTT-3.3.2-2] [MQTT-3.3.1-4] [MQTT-3.3.1-2] [MQTT-2.2.1-3] [MQTT-3.3.4-6] [MQTT-4.7.0-1] malformed PUBLISH packets close the connection', async () => {
  const b = await MqttBroker.open();
  const wrong: [Parameters<Awaited<ReturnType<typeof b.client>>['publish']>, number][] = [
    [['a/+', 'x'], 0x90],
    [['a/#', 'x'], 0x90],
    [['', 'x'], 0x81],
    [['a\0b', 'x'], 0x81],
    [['t', 'x', { qos: 3 }], 0x81],
    [['t', 'x', { qos: 0, dup: true }], 0x81],
    [['t', 'x', { qos: 1, id: 0 }], 0x82],
    [['t', 'x', { properties: { 1: 2 } }], 0x82],
    [['t', 'x', { properties: { 11: 1 } }], 0x81], // [MQTT-3.3.4-6]
    [['t', 'x', { properties: { 17: 1 } }], 0x81],
  ];
  for (const [args, code] of wrong) {
    const bad = await b.client({ clientId: 'bad', version: 5 });
    bad.publish(...args);
    assert.deepEqual(bad.take()[0]?.codes, [code], JSON.stringify(args));
    assert.ok(bad.isClosed);
  }
});

test('[MQTT-4.7.2-1] a message published to a server topic is acknowledged and dropped', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client();
  peer.subscribe({ '$SYS/#': 0, '#': 0 });
  b.sync();
  peer.take();
  peer.publish('$SYS/x', 'x', { qos: 1, id: 5 });
  assert.deepEqual(peer.take(), [{ type: 'puback', id: 5, codes: [0] }]);
});
