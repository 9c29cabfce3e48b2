import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IdleCollector } from './idle-collector.ts';

const mebibyte = 1024 * 1024;

/** A process whose use a test sets. */
function used() {
  const now = { cpu: 0, memory: 60 * mebibyte, heap: 10 * mebibyte, collections: 0 };
  const collector = new IdleCollector({
    cpuMicroseconds: () => now.cpu,
    memoryBytes: () => now.memory,
    heapBytes: () => now.heap,
    collectGarbage: () => {
      now.collections++;
      now.memory = 65 * mebibyte;
    },
  });
  return { now, collector };
}

test('a process that has grown collects garbage once when it becomes idle', () => {
  const { now, collector } = used();
  now.cpu += 900_000;
  now.memory = 160 * mebibyte;
  collector.look(1000);
  assert.equal(now.collections, 0);
  now.cpu += 1000;
  collector.look(1000);
  collector.look(1000);
  assert.equal(now.collections, 1);
});

test('a process that has not grown does not collect garbage', () => {
  const { now, collector } = used();
  now.memory += mebibyte;
  collector.look(1000);
  assert.equal(now.collections, 0);
});

test('a large heap is collected only after a long idle time', () => {
  const { now, collector } = used();
  now.memory = 160 * mebibyte;
  now.heap = 60 * mebibyte;
  for (let seconds = 1; seconds < 30; seconds++) collector.look(1000);
  now.cpu += 900_000;
  collector.look(1000);
  for (let seconds = 1; seconds < 30; seconds++) collector.look(1000);
  assert.equal(now.collections, 0);
  collector.look(1000);
  assert.equal(now.collections, 1);
});
