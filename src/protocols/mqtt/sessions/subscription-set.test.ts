import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttBroker } from '../../../../tests/support/mqtt-peer.ts';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import { exchangeNames } from '../activemq/address.ts';
import { deepLevelCountMax } from '../limits.ts';
import { deepLevelCountOf, SubscriptionSet } from './subscription-set.ts';

const subscription = (filter: string, id = 0) => ({
  filter,
  qos: 0,
  isNoLocal: false,
  isRetainAsPublished: false,
  retainHandling: 0,
  id,
});

test('only filters with many levels and wildcards count as deep', () => {
  const set = new SubscriptionSet();
  for (let n = 0; n < 3000; n++) set.set(subscription(`a/+/${n}/+/b`));
  assert.equal(set.deepLevelCount, 0);
  const deep = `${'+/'.repeat(20)}a`;
  set.set(subscription(deep));
  set.set(subscription(deep, 5));
  assert.equal(set.deepLevelCount, 21);
  set.delete(deep);
  assert.equal(set.deepLevelCount, 0);
  // All patterns of ten levels that match a topic, of a and +.
  const random = new SeededRandom(1);
  for (let n = 0; n < 10_000; n++) {
    const words = Array.from({ length: 10 }, () => (random.oneIn(4) ? '+' : 'a'));
    if (deepLevelCountOf(words.join('/')) === 0) set.set(subscription(words.join('/')));
  }
  set.matchUnits = 0;
  const names = { nameOf: () => '', topicOf: exchangeNames, isReserved: () => false };
  assert.equal(set.matchWithout(Array(10).fill('a').join('.'), false, names).qos, 0);
  assert.ok(set.matchUnits < 200, `${set.matchUnits} units`);
});

test('filters with too many levels are rejected', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client({ version: 5 });
  const codes: number[] = [];
  const filterCount = deepLevelCountMax / 200 + 1;
  for (let n = 0; n < filterCount; n++) {
    peer.subscribe({ [`${'+/'.repeat(199)}${n}`]: 0 });
    await b.settled();
    codes.push(...(peer.take()[0]?.codes ?? []));
  }
  assert.equal(codes.length, filterCount);
  assert.deepEqual(
    codes.map((code) => code >= 0x80),
    codes.map((_, at) => at === filterCount - 1),
  );
  peer.unsubscribe([`${'+/'.repeat(199)}0`]);
  await b.settled();
  peer.take();
  peer.subscribe({ 'a/b': 0 });
  await b.settled();
  assert.deepEqual(peer.take()[0]?.codes, [0]);
});
