import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { TokenBuckets } from './token-buckets.ts';

const limits = {
  ofSource: { atOnceMax: 3, perSecond: 0.5 },
  ofAll: { atOnceMax: 5, perSecond: 1 },
  sourceCountMax: 2,
};

test('a source has as many tokens at once as allowed, and more with time', () => {
  const clock = new ManualClock();
  const buckets = new TokenBuckets(limits, clock);
  const taken = (source: string, count: number) =>
    Array.from({ length: count }, () => buckets.take(source)).filter((answer) => answer === 'taken')
      .length;
  assert.equal(taken('a', 10), 3);
  clock.advance(4000);
  assert.equal(taken('a', 10), 2);
});

test('all sources together have a limit too', () => {
  const buckets = new TokenBuckets(limits, new ManualClock());
  const taken = ['a', 'a', 'a', 'b', 'b', 'b', 'c'].map((source) => buckets.take(source));
  const expected = Array.from({ length: 5 }, () => 'taken');
  assert.deepEqual(taken, [...expected, 'none-of-all', 'none-of-all']);
});

test('a source that has none left is told apart from all together', () => {
  const buckets = new TokenBuckets(limits, new ManualClock());
  const taken = ['a', 'a', 'a', 'a', 'b', 'b', 'b'].map((source) => buckets.take(source));
  assert.deepEqual(taken.slice(3), ['none-of-source', 'taken', 'taken', 'none-of-all']);
});
