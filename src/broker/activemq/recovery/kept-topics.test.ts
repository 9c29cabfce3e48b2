import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Delivery } from '../../subscription.ts';
import { KeptTopics, keptBytesMax, keptCountMax, keptTopicCountMax } from './kept-topics.ts';

const everything = { countMax: Infinity, bytesMax: Infinity, ageMsMax: Infinity };

/** A delivery with a body of a size, and its routing key in the buffer. */
function delivery(bodyLength: number): Delivery {
  const found = new Delivery();
  found.buffer = Buffer.alloc(2 + bodyLength);
  found.addressEnd = 2;
  found.headAt = 2;
  found.bodyAt = 2;
  found.bodyLength = bodyLength;
  found.expiresAtMs = Infinity;
  return found;
}

const all = () => true;

test('above the limits, the messages of the topic idle longest are dropped', () => {
  const kept = new KeptTopics(() => everything);
  for (let n = 0; n < keptTopicCountMax + 5; n++) kept.add(`t${n}`, delivery(1), 0);
  assert.equal(kept.count, keptTopicCountMax);
  assert.deepEqual(
    kept.newestFirst((topic) => topic === 't4', Infinity, 0),
    [],
  );
  assert.equal(kept.newestFirst((topic) => topic === 't5', Infinity, 0).length, 1);
  for (let n = 0; n < keptCountMax; n++) kept.add('busy', delivery(1), 0);
  assert.equal(kept.count, keptCountMax);
  const large = delivery(keptBytesMax / 8);
  for (let n = 0; n < 20; n++) {
    kept.add('large', large, 0);
    assert.ok(kept.bytes <= keptBytesMax, `${kept.bytes} bytes`);
  }
  kept.add('huge', delivery(keptBytesMax), 0);
  assert.equal(kept.newestFirst((topic) => topic === 'huge', Infinity, 0).length, 0);
  const sum = kept
    .newestFirst(all, Infinity, 0)
    .reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  assert.equal(sum, kept.bytes);
});

test('a topic without a policy, or with a count of 0, retains no messages', () => {
  const kept = new KeptTopics((topic) =>
    topic === 'none' ? { ...everything, countMax: 0 } : undefined,
  );
  for (const topic of ['none', 'other']) kept.add(topic, delivery(1), 0);
  assert.equal(kept.count, 0);
});
