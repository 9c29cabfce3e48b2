import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import { activemqAlphabet, parsePattern, splitKey } from '../../patterns/alphabet.ts';
import { PatternTree } from '../../patterns/pattern-tree.ts';
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

/** The messages of topics, newest first. */
function newestOf(kept: KeptTopics, names: readonly string[], lastNumber = Infinity, nowMs = 0) {
  const patterns = names.map((name) => parsePattern(activemqAlphabet, name));
  return [...kept.newestFirst(patterns, lastNumber, nowMs)].filter((found) => found !== undefined);
}

test('above the limits, the messages of the topic idle longest are dropped', () => {
  const kept = new KeptTopics(() => everything);
  for (let n = 0; n < keptTopicCountMax + 5; n++) kept.add(`t${n}`, delivery(1), 0);
  assert.equal(kept.count, keptTopicCountMax);
  assert.deepEqual(newestOf(kept, ['t4']), []);
  assert.equal(newestOf(kept, ['t5']).length, 1);
  for (let n = 0; n < keptCountMax; n++) kept.add('busy', delivery(1), 0);
  assert.equal(kept.count, keptCountMax);
  const large = delivery(keptBytesMax / 8);
  for (let n = 0; n < 20; n++) {
    kept.add('large', large, 0);
    assert.ok(kept.bytes <= keptBytesMax, `${kept.bytes} bytes`);
  }
  kept.add('huge', delivery(keptBytesMax), 0);
  assert.equal(newestOf(kept, ['huge']).length, 0);
  const sum = newestOf(kept, ['>']).reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0);
  assert.equal(sum, kept.bytes);
});

test('a topic without a policy, or with a count of 0, retains no messages', () => {
  const kept = new KeptTopics((topic) =>
    topic === 'none' ? { ...everything, countMax: 0 } : undefined,
  );
  for (const topic of ['none', 'other']) kept.add(topic, delivery(1), 0);
  assert.equal(kept.count, 0);
});

test('messages are found as if all were examined, newest first, once for several names', () => {
  const random = new SeededRandom(7);
  const words = ['a', 'b', '$c', ''];
  const nameOf = (choices: readonly string[]) =>
    Array.from({ length: 1 + random.below(3) }, () => random.pick(choices)).join('.');
  const kept = new KeptTopics(() => ({ ...everything, countMax: 5 }));
  const sent: { number: number; topic: string; expiresAtMs: number }[] = [];
  for (let n = 0; n < 400; n++) {
    const topic = nameOf(words);
    const message = delivery(1);
    message.expiresAtMs = random.oneIn(5) ? 50 : Infinity;
    kept.add(topic, message, 0);
    sent.push({ number: kept.lastNumber, topic, expiresAtMs: message.expiresAtMs });
  }
  const newest = sent.filter(
    ({ topic, number }) =>
      sent.filter((other) => other.topic === topic && other.number > number).length < 5,
  );
  for (let round = 0; round < 100; round++) {
    const names = Array.from({ length: 1 + random.below(3) }, () => nameOf([...words, '*', '>']));
    const tree = new PatternTree<true>();
    for (const name of names) tree.add(parsePattern(activemqAlphabet, name), true);
    const lastNumber = random.pick([Infinity, 350]);
    const expected = newest.filter(
      ({ topic, number, expiresAtMs }) =>
        tree.matchesAny(splitKey(activemqAlphabet, topic)) &&
        number <= lastNumber &&
        expiresAtMs > 60,
    );
    assert.deepEqual(
      newestOf(kept, names, lastNumber, 60).map(({ number }) => number),
      expected.map(({ number }) => number).reverse(),
      names.join(','),
    );
  }
});
