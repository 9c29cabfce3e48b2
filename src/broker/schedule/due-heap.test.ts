import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DueHeap } from './due-heap.ts';

test('heap entries are removed by due time, then by id, in any insertion order', () => {
  const entry = fc.tuple(fc.nat(50), fc.nat(1000), fc.boolean());
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 300 }), (entries) => {
      const heap = new DueHeap();
      let model: [number, number][] = [];
      for (const [dueMs, id, takes] of entries) {
        heap.add(dueMs, id);
        model.push([dueMs, id]);
        model.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        if (!takes) continue;
        assert.deepEqual([heap.firstMs, heap.firstId], model[0]);
        heap.take();
        model = model.slice(1);
      }
      for (const [dueMs, id] of model) {
        assert.deepEqual([heap.firstMs, heap.firstId], [dueMs, id]);
        heap.take();
      }
      assert.deepEqual([heap.size, heap.firstMs, heap.firstId], [0, Infinity, -1]);
    }),
  );
});

test('a heap of several chunks grows, shrinks and grows again', () => {
  const heap = new DueHeap();
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 20_000; i++) heap.add((i * 7919) % 20_000, i);
    let lastMs = -1;
    for (let i = 0; i < 20_000; i++) {
      assert.ok(heap.firstMs >= lastMs);
      lastMs = heap.firstMs;
      heap.take();
    }
    assert.equal(heap.size, 0);
  }
});

type Entry = [id: number, dueMs: number];

/** Reads some entries, and all others later. */
class Reading {
  readonly #entries: Generator<Entry>;
  readonly #found: Entry[] = [];
  constructor(heap: DueHeap) {
    this.#entries = heap.entries();
    this.step();
  }
  step(): void {
    const { done, value } = this.#entries.next();
    if (done !== true) this.#found.push(value);
  }
  /** All entries, by id. */
  rest(): Entry[] {
    return [...this.#found, ...this.#entries].sort((a, b) => a[0] - b[0]);
  }
}

test('the entries are those of the first step, whatever changes while they are read', () => {
  const step = fc.tuple(fc.constantFrom('add', 'take', 'read'), fc.nat(100));
  fc.assert(
    fc.property(fc.nat(60), fc.array(step, { maxLength: 100 }), (count, steps) => {
      const heap = new DueHeap(2);
      for (let id = 0; id < count; id++) heap.add((id * 7) % 50, id);
      const [one, other] = [new Reading(heap), new Reading(heap)];
      for (const [at, [kind, dueMs]] of steps.entries()) {
        if (kind === 'add') heap.add(dueMs, count + at);
        else if (kind === 'read') one.step();
        else if (heap.size > 0) heap.take();
      }
      const present = Array.from({ length: count }, (_, id) => [id, (id * 7) % 50]);
      assert.deepEqual([one.rest(), other.rest()], [present, present]);
    }),
  );
});

test('a step of reading copies a chunk, not the whole heap', (t) => {
  const heap = new DueHeap(6);
  for (let id = 0; id < 10_000; id++) heap.add(id, id);
  const arrays = Object.getPrototypeOf(Float64Array.prototype) as Float64Array;
  const { mock } = t.mock.method(arrays, 'slice');
  const entries = heap.entries();
  entries.next();
  assert.equal(mock.callCount(), 2);
  heap.take(); // it moves an entry of every level
  assert.ok(mock.callCount() <= 2 + 2 * 14, String(mock.callCount()));
  assert.equal([...entries].length, 9999);
});
