import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../../tests/support/seeded-random.ts';
import { TagRanges } from './tag-ranges.ts';

/** Ranges, and a plain set that holds what should be in them. */
class Compared {
  readonly ranges = new TagRanges();
  readonly wanted = new Set<number>();
  taken = 0;

  add(tag: number): void {
    if (!this.wanted.has(tag)) this.ranges.add(tag);
    this.wanted.add(tag);
  }

  takeFirst(): void {
    const range = this.ranges.takeFirst(Infinity);
    if (range === undefined) return;
    for (let tag = range.first; tag <= range.last; tag++) assert.ok(this.wanted.delete(tag));
    this.taken = range.last;
  }

  check(): void {
    const { ranges, wanted } = this;
    assert.equal(ranges.count, [...wanted].filter((tag) => !wanted.has(tag - 1)).length);
    for (let tag = 0; tag <= this.taken + 202; tag++) {
      assert.equal(ranges.has(tag), wanted.has(tag));
    }
  }
}

test('tag ranges contain the added tags in any order, and adjacent ranges are merged', () => {
  const random = new SeededRandom(11);
  for (let round = 0; round < 50; round++) {
    const compared = new Compared();
    for (let step = 0; step < 200; step++) {
      compared.add(compared.taken + 1 + random.below(200));
      if (random.oneIn(40)) compared.takeFirst();
    }
    compared.check();
  }
});

test('the first range is taken only if it starts at or below the given tag', () => {
  const ranges = new TagRanges();
  for (const tag of [5, 7, 6, 9]) ranges.add(tag);
  assert.equal(ranges.takeFirst(4), undefined);
  assert.deepEqual(ranges.takeFirst(5), { first: 5, last: 7 });
  assert.deepEqual(ranges.takeFirst(100), { first: 9, last: 9 });
  assert.equal(ranges.takeFirst(100), undefined);
});
