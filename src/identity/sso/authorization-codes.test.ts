import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../../base/random.ts';
import { AuthorizationCodes, codeCountMax } from './authorization-codes.ts';
import { digestOf } from './tokens.ts';

const verifier = 'v'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');
const redirectUri = 'http://127.0.0.1:1234/callback';
const asked = { clientId: 'client', redirectUri, verifier };

const grantOf = (userId: string) => ({
  clientDigest: digestOf('client'),
  redirectUri,
  challenge,
  person: { type: 'user', userId } as const,
});

test('many codes of one person do not end the code of another', () => {
  const codes = new AuthorizationCodes(systemRandom);
  const own = codes.give(grantOf('anna'), 0);
  const first = codes.give(grantOf('greedy'), 1);
  for (let index = 0; index < codeCountMax; index++) codes.give(grantOf('greedy'), 1);
  assert.equal(codes.take(first, asked, 2), undefined);
  assert.deepEqual(codes.take(own, asked, 2), { type: 'user', userId: 'anna' });
});

test('a code is used once, within a minute, and also ends when it does not fit', () => {
  const codes = new AuthorizationCodes(systemRandom);
  const late = codes.give(grantOf('anna'), 0);
  assert.equal(codes.take(late, asked, 60_000), undefined);
  const wrong = codes.give(grantOf('anna'), 0);
  assert.equal(codes.take(wrong, { ...asked, verifier: 'w'.repeat(43) }, 1), undefined);
  assert.equal(codes.take(wrong, asked, 1), undefined);
  const right = codes.give(grantOf('anna'), 0);
  assert.ok(codes.take(right, asked, 1));
  assert.equal(codes.take(right, asked, 1), undefined);
});
