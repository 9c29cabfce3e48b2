import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allOffers, offerOf } from '../offers/offers.ts';
import { chooseEngine } from './configuration-rules.ts';

const pair = offerOf({ engineType: 'ACTIVEMQ', deploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' });
const offers = [...allOffers, { ...pair, engineVersions: ['5.17'] }];
const versionOf = (engineVersion?: string) =>
  chooseEngine(offers, { engineType: 'ACTIVEMQ', engineVersion }).engineVersion;

test('a configuration can be for the version of an installed engine', () => {
  assert.equal(versionOf('5.17'), '5.17');
  assert.equal(versionOf('5.17.2'), '5.17.2');
  assert.equal(versionOf(), '5.19'); // that of our own engine stays the default
  assert.throws(() => versionOf('5.16'), /Valid values are: \[5\.19, 5\.18, 5\.17\]/);
});
