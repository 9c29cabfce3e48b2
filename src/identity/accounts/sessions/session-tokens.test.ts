import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { systemRandom } from '../../../base/random.ts';
import type { SessionRecord } from './session-record.ts';
import { packedPercent, SessionTokens } from './session-tokens.ts';

const key = createSecretKey(randomBytes(32));
const session: SessionRecord = {
  accessKeyId: 'ASIAEXAMPLEEXAMPLE22',
  secret: 'secret/with+all/of+its/characters0123456',
  holder: { type: 'role', roleId: 'AROAEXAMPLE', name: 'shift' },
  issuedMs: 1,
  expiresMs: 2,
  policy: '{"Version":"2012-10-17"}',
  tags: [{ key: '__proto__', value: 'é漢' }],
};

test('a session token can only be opened with the key that sealed it', () => {
  const tokens = new SessionTokens(key, systemRandom);
  const token = tokens.seal(session);
  assert.deepEqual(tokens.open(token, session.accessKeyId), session);
  assert.deepEqual(new SessionTokens(key, systemRandom).open(token, session.accessKeyId), session);
  const foreign = new SessionTokens(createSecretKey(randomBytes(32)), systemRandom);
  assert.equal(foreign.open(token, session.accessKeyId), undefined);
});

test('a token cannot be opened for another access key, even after it was opened once', () => {
  const tokens = new SessionTokens(key, systemRandom);
  const token = tokens.seal(session);
  assert.equal(tokens.open(token, 'ASIAOTHEROTHEROTHER2'), undefined);
  assert.ok(tokens.open(token, session.accessKeyId));
  assert.equal(tokens.open(token, 'ASIAOTHEROTHEROTHER2'), undefined);
});

test('a token with any changed, removed or added byte is rejected', () => {
  const tokens = new SessionTokens(key, systemRandom);
  const bytes = Buffer.from(tokens.seal(session), 'base64');
  const open = (changed: Buffer) => tokens.open(changed.toString('base64'), session.accessKeyId);
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.equal(open(changed), undefined, `byte ${at}`);
  }
  for (let size = 0; size < bytes.length; size += 1) {
    assert.equal(open(bytes.subarray(0, size)), undefined, `${size} bytes`);
  }
  assert.equal(open(Buffer.concat([bytes, Buffer.of(0)])), undefined);
});

test('the same token in another base64 encoding is rejected', () => {
  const tokens = new SessionTokens(key, systemRandom);
  const token = tokens.seal(session);
  for (const other of [` ${token}`, `${token}\n`, `${token}=`, token.replaceAll('=', '')]) {
    if (other === token) continue;
    assert.equal(tokens.open(other, session.accessKeyId), undefined);
  }
});

test('a token reveals nothing of its session, and every token is unique', () => {
  const tokens = new SessionTokens(key, systemRandom);
  const [one, other] = [tokens.seal(session), tokens.seal(session)];
  assert.notEqual(one, other);
  const text = Buffer.from(one, 'base64').toString('latin1');
  assert.ok(!text.includes('ASIA') && !text.includes('shift'));
});

test('policies and tags above the packed size limit are rejected with their percentage', () => {
  assert.equal(packedPercent({}), undefined);
  const some = packedPercent({ tags: [{ key: 'team', value: 'orders' }] });
  assert.ok(some !== undefined && some >= 1 && some <= 5);
  const tags = Array.from({ length: 50 }, (_, i) => ({
    key: `${i}`.padEnd(128, 'k'),
    value: randomBytes(128).toString('hex'),
  }));
  assert.throws(() => packedPercent({ tags }), {
    code: 'PackedPolicyTooLarge',
    message: /consumes \d{3}% of allotted space/,
  });
});

test('a token has at least the requested size', () => {
  const tokens = new SessionTokens(key, systemRandom);
  for (const size of [0, 100, 1000, 1001, 4096]) {
    const token = tokens.seal(session, size);
    assert.ok(token.length >= size && token.length <= Math.max(size + 4, 600), `${token.length}`);
    assert.deepEqual(tokens.open(token, session.accessKeyId), session);
  }
});
