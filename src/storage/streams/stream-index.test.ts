import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { FoundRun, StreamIndex } from './stream-index.ts';

/** What a stream must contain: the slot of each message from `first` on. */
class Model {
  readonly index = new StreamIndex(1);
  /** Counts and bytes that the index has retained, by slot. */
  readonly kept = new Map<number, [count: number, bytes: number]>();
  slots: number[] = [];
  first = 0;
  nextSlot = 1;

  readonly #change = (slot: number, bytes: number, count: number) => {
    const [before, beforeBytes] = this.kept.get(slot) ?? [0, 0];
    const after = before + count;
    if (after === 0) this.kept.delete(slot);
    else this.kept.set(slot, [after, beforeBytes + bytes]);
    assert.ok(after >= 0);
    if (after === 0) assert.equal(beforeBytes + bytes, 0, `bytes of slot ${slot}`);
  };
  readonly release = (slot: number, bytes: number, count: number) =>
    this.#change(slot, -bytes, -count);

  append(bodyLength: number): void {
    this.index.append(this.nextSlot, 0, bodyLength, 0, Infinity, this.first + this.slots.length);
    this.#change(this.nextSlot, bodyLength + 96, 1);
    this.slots.push(this.nextSlot);
  }

  truncate(count: number): void {
    this.first += count;
    this.slots.splice(0, count);
    this.index.truncate(this.first, this.release);
  }

  /** Moves messages to a new slot, as a compaction does. */
  relocate(at: number, count: number): void {
    const slot = this.nextSlot++;
    for (let i = at; i < Math.min(at + count, this.slots.length); i++) {
      const sequence = this.first + i;
      const old = this.index.slot(sequence);
      const bytes = this.index.recordBytes(sequence);
      this.#change(slot, bytes, 1);
      this.index.relocate(sequence, slot);
      this.release(old, bytes, 1);
      this.slots[i] = slot;
    }
  }

  step(random: SeededRandom): void {
    const count = this.slots.length;
    const what = random.below(10);
    if (what < 6) {
      if (random.oneIn(2)) this.nextSlot++;
      for (let left = random.below(20); left > 0; left--) this.append(random.below(300));
    } else if (what < 8) this.truncate(random.below(count / 2 + 1));
    else if (count > 0) this.relocate(random.below(count), 1 + random.below(30));
  }

  check(): void {
    const { index, slots, first } = this;
    assert.deepEqual(
      [index.first, index.next, index.count],
      [first, first + slots.length, slots.length],
    );
    assert.deepEqual(
      slots.map((_, i) => index.slot(first + i)),
      slots,
    );
    assert.equal(index.slot(first - 1), -1);
    assert.equal(index.slot(index.next), -1);
    const found = new FoundRun();
    for (let from = first; from < index.next; from = found.end) {
      assert.ok(index.runFrom(from, found) && found.first <= from && found.end > from);
    }
    let bytes = 0;
    for (const [, size] of this.kept.values()) bytes += size;
    assert.equal(index.bytes, bytes);
    for (const run of index.runs(first)) bytes -= run.bytes;
    assert.equal(bytes, 0);
  }
}

test('an index of runs names the block of every message while they are added, moved and removed', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const model = new Model();
    model.index.segmentBytesMax = 1 + random.below(5000);
    for (let step = 0; step < 60; step++) {
      model.step(random);
      model.check();
    }
  }
});

test('runs are recovered in any order, and a message that two blocks contain is named once', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const runs: { first: number; count: number; bytes: number; ms: number }[] = [];
    for (let first = 0; first < 200; ) {
      const count = 1 + random.below(12);
      runs.push({ first, count, bytes: count * 100, ms: first });
      first += count;
    }
    for (let i = 0; i < 10; i++) {
      const first = random.below(180);
      runs.push({ first, count: 20, bytes: 2000, ms: first });
    }
    const end = Math.max(...runs.map(({ first, count }) => first + count));
    runs.sort(() => random.below(3) - 1);
    const index = new StreamIndex(1);
    index.segmentBytesMax = 3000;
    const covers = new Array<number>(end).fill(0);
    let kept = 0;
    for (const [i, run] of runs.entries()) {
      index.addRun(
        run,
        () => i + 1,
        (slot, _bytes, count) => {
          assert.equal(slot, i + 1);
          kept += count;
        },
      );
    }
    for (let sequence = 0; sequence < end; sequence++) {
      const run = runs[index.slot(sequence) - 1];
      assert.ok(run !== undefined && run.first <= sequence && sequence < run.first + run.count);
      covers[sequence] = 1;
    }
    assert.deepEqual([kept, index.count, index.first, index.next], [end, end, 0, end]);
  }
});

test('a time leads to a message before the first one that was received since', () => {
  const index = new StreamIndex(1);
  index.segmentBytesMax = 500;
  for (let i = 0; i < 100; i++) index.append(1 + Math.floor(i / 3), 0, 10, 0, Infinity, i * 10);
  for (const ms of [-5, 0, 5, 30, 455, 990, 5000]) {
    const first = index.beforeTime(ms);
    assert.ok(first === 0 || first * 10 < ms, `${first} for ${ms}`);
    assert.ok((first + 6) * 10 >= Math.min(ms, 990), `${first} for ${ms}`);
  }
});

test('whole segments are removed, and the last one stays', () => {
  const index = new StreamIndex(1);
  index.segmentBytesMax = 1000;
  for (let i = 0; i < 100; i++) index.append(1 + i, 0, 4, 0, Infinity, i);
  assert.deepEqual([index.segmentCount, index.bytes], [10, 10_000]);
  assert.equal(index.excessEnd(10_000, 0), -1);
  assert.equal(index.excessEnd(9999, 0), 10);
  assert.equal(index.excessEnd(Infinity, 10), -1);
  assert.equal(index.excessEnd(Infinity, 11), 10);
  const removed: number[] = [];
  index.truncate(10, (slot) => removed.push(slot));
  assert.deepEqual(removed, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  while (index.excessEnd(0, Infinity) >= 0) index.truncate(index.excessEnd(0, Infinity), () => {});
  assert.deepEqual([index.first, index.next, index.segmentCount], [90, 100, 1]);
});

test('a segment has a limited number of runs', () => {
  const index = new StreamIndex(1);
  for (let i = 0; i < 20_000; i++) index.append(i, 0, 0, 0, Infinity, i);
  assert.deepEqual([index.segmentCount, index.slot(12_345)], [3, 12_345]);
  const other = new StreamIndex(2);
  for (let i = 19_999; i >= 0; i--) {
    other.addRun(
      { first: i, count: 1, bytes: 1, ms: i },
      () => i,
      () => {},
    );
  }
  assert.ok(other.segmentCount >= 3);
  assert.equal(other.slot(12_345), 12_345);
});
