import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { hashOf } from './attributes.ts';
import { makeFilter, mayContain } from './hash-filter.ts';
import { encodeBucket, rowsIn } from './row-lists.ts';

test('a bucket returns the rows of each of its hashes, and none of others', () => {
  const random = new SeededRandom(1);
  const entries = Array.from({ length: 50 }, (_, i): [number, number[]] => {
    const rows = new Set(Array.from({ length: random.below(200) }, () => random.below(65_536)));
    return [hashOf('EventName', `${i}`), [...rows].sort((a, b) => a - b)];
  });
  const bucket = encodeBucket(entries);
  for (const [hash, rows] of entries) assert.deepEqual(rowsIn(bucket, hash), rows);
  assert.deepEqual(rowsIn(bucket, hashOf('EventName', 'other')), []);
  assert.deepEqual(rowsIn(Buffer.alloc(0), 1), []);
});

test('a filter contains all of its hashes, and few others', () => {
  const hashes = Array.from({ length: 10_000 }, (_, i) => hashOf('EventId', `id-${i}`));
  const filter = makeFilter(hashes, hashes.length);
  assert.ok(hashes.every((hash) => mayContain(filter, hash)));
  const others = Array.from({ length: 10_000 }, (_, i) => hashOf('EventId', `other-${i}`));
  const wrong = others.filter((hash) => mayContain(filter, hash)).length;
  assert.ok(wrong < 300, `${wrong} of 10000 other hashes`);
});

test('hashes of many values are different integers below 2^48', () => {
  const hashes = Array.from({ length: 50_000 }, (_, i) => hashOf('ResourceName', `arn:${i}`));
  assert.equal(new Set(hashes).size, hashes.length);
  assert.ok(hashes.every((hash) => Number.isInteger(hash) && hash >= 0 && hash < 2 ** 48));
  assert.notEqual(hashOf('EventName', 'a'), hashOf('EventSource', 'a'));
});
