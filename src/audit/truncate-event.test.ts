import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { truncateToFit } from './truncate-event.ts';

const bytesMax = 100 * 1024;
const grantee = `arn:aws:iam::999999999999:role/${'r'.repeat(200)}`;

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function summaryOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  return `${Buffer.byteLength(text)} bytes, SHA-256 ${hash}`;
}

test('an event within the size limit is not truncated', () => {
  const value = { description: 'x'.repeat(90_000), list: [1, null, true, { a: 'é' }] };
  assert.equal(truncateToFit(value, bytesMax), value);
});

test('a truncated descriptive text keeps its beginning, length and hash; other fields stay', () => {
  const description = '\u0001'.repeat(8192);
  const policy = '"'.repeat(32_768);
  const found = truncateToFit({ keyId: 'k', policy, description }, bytesMax);
  const cut = `${'\u0001'.repeat(8)}… [${summaryOf(description)}]`;
  assert.deepEqual(found, { keyId: 'k', policy, description: cut });
});

test('the longest descriptive texts are truncated first, and only as far as needed', () => {
  const tags = [
    { tagKey: 'a', tagValue: 'é'.repeat(20_000) },
    { tagKey: 'b', tagValue: 'f'.repeat(10_000) },
  ];
  const found = truncateToFit({ policy: 'p'.repeat(60_000), tags }, bytesMax);
  assert.deepEqual(found, {
    policy: 'p'.repeat(60_000),
    tags: [
      { tagKey: 'a', tagValue: `${'é'.repeat(24)}… [${summaryOf('é'.repeat(20_000))}]` },
      tags[1],
    ],
  });
});

test('map keys are truncated like map values and stay distinct', () => {
  const [a, b] = [`${'k'.repeat(60_000)}a`, `${'k'.repeat(60_000)}b`];
  const found = truncateToFit({ encryptionContext: { [a]: '1', [b]: '2' } }, bytesMax);
  const kept = 'k'.repeat(48);
  assert.deepEqual(found, {
    encryptionContext: {
      [`${kept}… [${summaryOf(a)}]`]: '1',
      [`${kept}… [${summaryOf(b)}]`]: '2',
    },
  });
});

test('a list over the limit keeps its first items and records its original length', () => {
  const operations = Array.from({ length: 11_000 }, () => 'Decrypt');
  const found = truncateToFit({ granteePrincipal: grantee, keyId: 'k', operations }, bytesMax);
  assert.deepEqual(found, {
    granteePrincipal: grantee,
    keyId: 'k',
    operations: [
      ...operations.slice(0, 64),
      `… [11000 entries, ${summaryOf(JSON.stringify(operations))}]`,
    ],
  });
});

test('members named like prototype properties are treated like any other member', () => {
  const pairs = JSON.parse(`{"__proto__":"${'x'.repeat(110_000)}","constructor":"c"}`);
  const found = truncateToFit({ encryptionContext: pairs }, bytesMax);
  const { encryptionContext } = found as { encryptionContext: object };
  assert.deepEqual(Object.keys(encryptionContext), ['__proto__', 'constructor']);
});

test('any event is truncated to the requested size, and short texts are preserved', () => {
  const texts = ['\u0000', '"', 'é', '\u{1f701}', '\ud800', 'a'];
  for (const text of texts) {
    for (const length of [1, 100, 8192, 100_000]) {
      for (const count of [1, 50, 1024]) {
        if (length * count > 1_000_000) continue;
        const pairs = Object.fromEntries(
          Array.from({ length: count }, (_, i) => [text.repeat(length) + i, text.repeat(length)]),
        );
        const users = Array.from({ length: count % 250 }, () => ({
          username: text.repeat(length),
          groups: Array.from({ length: 20 }, () => text),
        }));
        const value = { keyId: grantee, pairs, users, tags: [pairs], list: Object.keys(pairs) };
        const found = truncateToFit(value, bytesMax);
        assert.ok(bytesOf(found) <= bytesMax, `${JSON.stringify(text)} ${length} ${count}`);
        assert.equal((found as typeof value).keyId, grantee);
      }
    }
  }
});
