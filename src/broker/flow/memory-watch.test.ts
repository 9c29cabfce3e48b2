import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Flow } from '../flow.ts';
import { MemoryWatch } from './memory-watch.ts';

test('low memory blocks publishers and triggers a garbage collection once a second', () => {
  const flow = new Flow();
  let collected = 0;
  const watch = new MemoryWatch(flow, { memoryBytesMax: 1000 }, () => {
    collected++;
  });
  watch.tick(50_000, 1000);
  assert.deepEqual([flow.blockedReason, collected], [undefined, 0]);
  for (let ms = 50_100; ms <= 52_000; ms += 100) watch.tick(ms, 1001);
  assert.deepEqual([flow.blockedReason, collected], ['low on memory', 2]);
  watch.tick(52_100, 1000);
  assert.deepEqual([flow.blockedReason, collected], [undefined, 2]);
});
