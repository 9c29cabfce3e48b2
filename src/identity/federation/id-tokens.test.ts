import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsecuredJWT } from 'jose';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { IamJournal } from '../accounts/iam-journal.ts';
import { IdTokens } from './id-tokens.ts';
import { KeySets } from './key-sets.ts';
import { OidcProviders } from './providers.ts';

const issuer = 'https://slow.example';
const token = new UnsecuredJWT({ iss: issuer, sub: 'anna', aud: 'waxwing' }).encode();

/** The verification for an issuer whose keys come when the test lets them. */
function withSlowIssuer() {
  const journal = new IamJournal();
  const record = { name: 'slow.example', clientIds: ['waxwing'], thumbprints: [], tags: [] };
  journal.apply({ put: 'oidc-provider', record: { ...record, createdMs: 0 } });
  const clock = new ManualClock();
  let release = () => {};
  const requests: string[] = [];
  const fetchJson = (url: URL) => {
    requests.push(url.href);
    return new Promise<never>((_, reject) => {
      release = () => reject(new WaxwingError('request-failed', 'it is slow'));
    });
  };
  const providers = new OidcProviders(journal, () => '111122223333');
  const tokens = new IdTokens({ providers, keySets: new KeySets(fetchJson, clock), clock });
  return { tokens, requests, clock, release: () => release() };
}

test('the number of tokens that are verified for one address is limited', async () => {
  const { tokens, requests, release } = withSlowIssuer();
  const begun = Array.from({ length: 16 }, () => tokens.verify(token, '192.0.2.1'));
  const outcomes = Promise.allSettled(begun);
  await assert.rejects(tokens.verify(token, '192.0.2.1'), { code: 'Throttling' });
  const other = tokens.verify(token, '192.0.2.2');
  other.catch(() => {}); // awaited below
  // All wait for one request.
  while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  release();
  await assert.rejects(other, { code: 'IDPCommunicationError' });
  for (const outcome of await outcomes) {
    assert.ok(outcome.status === 'rejected' && outcome.reason.code === 'IDPCommunicationError');
  }
  assert.deepEqual(requests, [`${issuer}/.well-known/openid-configuration`]);
  await assert.rejects(tokens.verify(token, '192.0.2.1'), { code: 'IDPCommunicationError' });
});

test('a provider that failed is asked again after five seconds', async () => {
  const { tokens, requests, clock, release } = withSlowIssuer();
  const attempt = async () => {
    const count = requests.length;
    const answer = tokens.verify(token, '192.0.2.1');
    answer.catch(() => {}); // awaited below
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    if (requests.length > count) release();
    await assert.rejects(answer, { code: 'IDPCommunicationError' });
  };
  await attempt();
  await attempt();
  assert.equal(requests.length, 1);
  clock.advance(5000);
  await attempt();
  assert.equal(requests.length, 2);
});
