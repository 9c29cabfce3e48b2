import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttBroker } from '../../support/mqtt-peer.ts';

// Wills; see also the sessions.

test('[MQTT-3.1.2-7] [MQTT-3.1.2-14] [MQTT-3.1.2-15] a will is retained if its client says so', async () => {
  const b = await MqttBroker.open();
  for (const retain of [true, false]) {
    const will = { topic: `w/${retain}`, payload: 'gone', qos: 1, retain };
    const peer = await b.client({ version: 5, clientId: `${retain}`, will });
    peer.cut();
    await b.settled();
  }
  const to = await b.client({ version: 5, clientId: 'to' });
  to.subscribe({ 'w/#': 1 });
  b.sync();
  assert.deepEqual(
    to.messages().map(({ topic, payload, retain }) => [topic, payload, retain]),
    [['w/true', 'gone', true]],
  );
});

test('[MQTT-3.1.3-10] the user properties of a will keep their order', async () => {
  const b = await MqttBroker.open();
  const to = await b.client({ version: 5, clientId: 'to' });
  to.subscribe({ w: 0 });
  b.sync();
  to.take();
  const pairs = [
    ['b', '1'],
    ['a', '2'],
    ['b', '3'],
  ] as const;
  const will = { topic: 'w', properties: { 38: pairs } };
  (await b.client({ version: 5, clientId: 'from', will })).cut();
  await b.settled();
  assert.deepEqual(
    to.messages()[0]?.properties?.[38],
    pairs.map((pair) => [...pair]),
  );
});

test('[MQTT-3.14.4-3] a normal DISCONNECT discards the will, any other reason publishes it', async () => {
  const b = await MqttBroker.open();
  const to = await b.client({ version: 5, clientId: 'to' });
  to.subscribe({ 'w/#': 0 });
  b.sync();
  to.take();
  for (const reason of [0x00, 0x04, 0x80]) {
    const will = { topic: `w/${reason}` };
    const peer = await b.client({ version: 5, clientId: 'from', will });
    peer.disconnect(Buffer.of(reason));
    await b.settled();
  }
  assert.deepEqual(
    to.messages().map(({ topic }) => topic),
    ['w/4', 'w/128'],
  );
});
