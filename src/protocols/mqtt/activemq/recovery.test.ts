import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttBroker, type MqttPeer } from '../../../../tests/support/mqtt-peer.ts';
import { activeMqOf } from '../../../broker/activemq/activemq.ts';
import {
  defaultPolicy,
  defaultSettings,
} from '../../../broker/activemq/policies/destination-policy.ts';
import { retainedAheadCountMax } from '../limits.ts';

// Subscriptions get the earlier messages that topics keep, without a wish for them, as in ActiveMQ.

const recovery = { countMax: 200, bytesMax: Infinity, ageMsMax: 60_000 };

/** A broker whose topics below `kept` keep messages. */
async function keeping(): Promise<MqttBroker> {
  const b = await MqttBroker.open();
  const policyOf = ({ name }: { name: string }) =>
    name.startsWith('kept.') ? { ...defaultPolicy, recovery } : defaultPolicy;
  activeMqOf(b.broker).configure({ ...defaultSettings, policyOf, keepsForRetroactive: true });
  return b;
}

async function publish(b: MqttBroker, topics: readonly string[], more = {}): Promise<void> {
  const from = await b.client({ clientId: 'from' });
  for (const [at, topic] of topics.entries()) {
    from.publish(topic, String(at), { qos: 1, id: at + 1, ...more });
  }
  b.sync();
  await b.settled();
  from.cut();
}

/** Subscribes; returns topic, payload, quality of service and retain flag of the messages that follow. */
async function subscribe(b: MqttBroker, peer: MqttPeer, filters: Readonly<Record<string, number>>) {
  peer.subscribe(filters);
  b.sync();
  await b.settled();
  b.sync();
  const messages = peer.take().filter(({ type }) => type === 'publish');
  return messages.map(({ topic, payload, qos, retain }) => [topic, payload, qos, retain]);
}

test('a new subscription first gets the messages that its topics keep, in their order', async () => {
  const b = await keeping();
  await publish(b, ['kept/a', 'other/a', 'kept/b', 'kept/a']);
  const one = await b.client({ clientId: 'one' });
  const ofA = [
    ['kept/a', '0', 1, false],
    ['kept/a', '3', 1, false],
  ];
  assert.deepEqual(await subscribe(b, one, { 'kept/a': 1, 'other/a': 1 }), ofA);
  assert.deepEqual(await subscribe(b, one, { 'kept/a': 1 }), [], 'it is not new');
  const two = await b.client({ clientId: 'two' });
  assert.deepEqual(await subscribe(b, two, { 'kept/+': 0 }), [
    ['kept/a', '0', 0, false],
    ['kept/b', '2', 0, false],
    ['kept/a', '3', 0, false],
  ]);
  b.advance(60_001);
  const late = await b.client({ clientId: 'late' });
  assert.deepEqual(await subscribe(b, late, { 'kept/#': 1 }), [], 'they are too old');
});

const sessionExpiry = 0x11;
const receiveMaximum = 0x21;

test('a shared subscription gets none, and a session that comes back no further ones', async () => {
  const b = await keeping();
  await publish(b, ['kept/a']);
  const session = { clientId: 's', version: 5, properties: { [sessionExpiry]: 600 } } as const;
  const peer = await b.client(session);
  assert.equal((await subscribe(b, peer, { 'kept/a': 0 })).length, 1);
  assert.deepEqual(await subscribe(b, peer, { '$share/s/kept/a': 1 }), []);
  peer.cut();
  await b.settled();
  const again = await b.client({ ...session, clean: false });
  assert.deepEqual(await subscribe(b, again, { 'kept/a': 0 }), []);
});

test('they are added to the queue of a session as its client takes them', async () => {
  const count = 180;
  const b = await keeping();
  const topics = Array.from({ length: count }, () => 'kept/a');
  await publish(b, topics);
  const properties = { [sessionExpiry]: 600, [receiveMaximum]: 1 };
  const slow = await b.client({ clientId: 'slow', version: 5, properties });
  slow.subscribe({ 'kept/a': 1 });
  b.sync();
  await b.settled();
  const got: (string | undefined)[] = [];
  let mostReady = 0;
  for (let news = slow.messages(); news.length > 0; news = slow.messages()) {
    mostReady = Math.max(mostReady, b.ready('amq.subscription.$session:slow') ?? 0);
    for (const { id = 0, payload } of news) {
      got.push(payload);
      slow.puback(id);
    }
    await b.settled();
    b.sync();
  }
  assert.deepEqual(
    got,
    topics.map((_, at) => String(at)),
  );
  assert.ok(mostReady > 0 && mostReady <= retainedAheadCountMax, String(mostReady));
});
