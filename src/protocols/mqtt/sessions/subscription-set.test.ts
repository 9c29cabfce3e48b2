import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MqttBroker } from '../../../../tests/support/mqtt-peer.ts';
import { sessionLevelCountMax } from '../limits.ts';
import { SubscriptionSet } from './subscription-set.ts';

const subscription = (filter: string, id = 0) => ({
  filter,
  qos: 0,
  isNoLocal: false,
  isRetainAsPublished: false,
  retainHandling: 0,
  id,
});

test('the levels of the filters are counted, and so is the search for matches', () => {
  const set = new SubscriptionSet();
  set.set(subscription('a/+/c'));
  set.set(subscription('a/b/#'));
  set.set(subscription('a/+/c', 5));
  assert.equal(set.levelCount, 6);
  set.delete('a/b/#');
  assert.equal(set.levelCount, 3);
  for (let n = 0; n < 2000; n++) set.set(subscription(`+/+/${n}`));
  for (let n = 0; n < 2000; n++) set.set(subscription(`+/+/+/${'+/'.repeat(n % 100)}${n}`));
  set.matchUnits = 0;
  set.matchWithout('a.b.c', false);
  const few = set.matchUnits;
  set.matchWithout(`a.b.c.${'d.'.repeat(100)}e`, false);
  assert.ok(set.matchUnits > few);
});

test('filters with very many levels are refused', async () => {
  const b = await MqttBroker.open();
  const peer = await b.client({ version: 5 });
  const codes: number[] = [];
  const filterCount = sessionLevelCountMax / 200 + 1;
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
