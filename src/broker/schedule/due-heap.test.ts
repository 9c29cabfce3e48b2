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
