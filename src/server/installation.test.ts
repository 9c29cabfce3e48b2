import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../base/random.ts';
import { Secret } from '../base/secret.ts';
import type { Entry } from '../storage/journal.ts';
import { Installation, type InstallationChange } from './installation.ts';

const key = createSecretKey(randomBytes(32));

function applied(installation: Installation, entries: readonly Entry[]): Installation {
  for (const entry of entries) {
    assert.ok('change' in entry);
    // As the journal stores it.
    installation.apply(JSON.parse(JSON.stringify(entry.change)) as InstallationChange);
  }
  return installation;
}

function reopened(installation: Installation): Installation {
  const next = new Installation(key);
  for (const change of installation.snapshot()) next.apply(change);
  return next;
}

const shown = (secrets: readonly Secret<string>[]) => secrets.map((secret) => secret.reveal());

test('a replaced metrics token is accepted until its end, even after a snapshot', () => {
  const installation = new Installation(key);
  applied(installation, installation.makeMetricsToken(systemRandom));
  const [first = ''] = shown(installation.metricsTokens(0));
  const { token, entries } = installation.replaceMetricsToken(systemRandom, 1000);
  applied(installation, entries);
  for (const each of [installation, reopened(installation)]) {
    assert.deepEqual(shown(each.metricsTokens(999)), [token.reveal(), first]);
    assert.deepEqual(shown(each.metricsTokens(1000)), [token.reveal()]);
    assert.equal(each.metricsToken?.reveal(), token.reveal());
  }
});

test('only the last replaced metrics token is accepted', () => {
  const installation = new Installation(key);
  applied(installation, installation.makeMetricsToken(systemRandom));
  const second = installation.replaceMetricsToken(systemRandom, 1000);
  applied(installation, second.entries);
  const third = installation.replaceMetricsToken(systemRandom, 1000);
  applied(installation, third.entries);
  const accepted = shown(installation.metricsTokens(0));
  assert.deepEqual(accepted, [third.token.reveal(), second.token.reveal()]);
});

test("another password of the default broker's user keeps the user and the broker", () => {
  const installation = new Installation(key);
  applied(installation, installation.requestDefaultBroker('waxwing', new Secret('one')));
  applied(installation, installation.recordDefaultBroker('b-1'));
  applied(installation, installation.replacePassword(new Secret('two')));
  const { username, password, brokerId } = reopened(installation).defaultBroker ?? {};
  assert.deepEqual([username, password?.reveal(), brokerId], ['waxwing', 'two', 'b-1']);
});

test('the journal contains neither tokens nor passwords', () => {
  const installation = new Installation(key);
  applied(installation, installation.requestDefaultBroker('waxwing', new Secret('a password')));
  const { token, entries } = installation.replaceMetricsToken(systemRandom, 0);
  applied(installation, entries);
  const text = JSON.stringify([...installation.snapshot()]);
  for (const secret of ['a password', token.reveal()]) assert.ok(!text.includes(secret));
});
