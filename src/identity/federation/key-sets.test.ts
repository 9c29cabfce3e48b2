import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { KeySets } from './key-sets.ts';

const issuer = 'https://login.example.com';

/** Key sets of a provider that has one key, whose id changes, and that can be away. */
function keySets() {
  const clock = new ManualClock();
  const provider = { kid: 'first', isAway: false, requestCount: 0 };
  const sets = new KeySets(async (url) => {
    provider.requestCount += 1;
    if (provider.isAway) throw new WaxwingError('not-running', 'no answer');
    if (url.pathname !== '/keys') return { issuer, jwks_uri: `${issuer}/keys` };
    return { keys: [{ kty: 'RSA', kid: provider.kid }] };
  }, clock);
  const kid = async (isUnknown = false) => (await sets.of(issuer, isUnknown)).keys[0]?.kid;
  return { clock, provider, kid };
}

const unreachable = { code: 'IDPCommunicationError' };

test('keys are kept for an hour', async () => {
  const { clock, provider, kid } = keySets();
  assert.equal(await kid(), 'first');
  provider.kid = 'second';
  clock.advance(3_599_000);
  assert.equal(await kid(), 'first');
  clock.advance(1000);
  assert.equal(await kid(), 'second');
  assert.equal(provider.requestCount, 4);
});

test('a token with an unknown key causes a request, and all such tokens wait for it', async () => {
  const { clock, provider, kid } = keySets();
  await kid();
  provider.kid = 'second';
  clock.advance(30_000);
  assert.deepEqual(await Promise.all([kid(true), kid(true), kid()]), ['second', 'second', 'first']);
  assert.equal(await kid(), 'second');
  assert.equal(provider.requestCount, 4);
});

test('tokens with unknown keys do not stop others while the provider is away', async () => {
  const { clock, provider, kid } = keySets();
  await kid();
  provider.isAway = true;
  for (let elapsedMs = 0; elapsedMs < 3_570_000; elapsedMs += 30_000) {
    clock.advance(30_000);
    await assert.rejects(kid(true), unreachable);
    assert.equal(await kid(), 'first');
  }
  // The keys are not kept for longer because of them.
  clock.advance(30_000);
  await assert.rejects(kid(), unreachable);
  provider.isAway = false;
  clock.advance(5000);
  assert.equal(await kid(), 'first');
});
