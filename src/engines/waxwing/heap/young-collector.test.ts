import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectNewGarbage } from '../../../base/process.ts';
import { YoungCollector } from './young-collector.ts';

const mebibyte = 1024 * 1024;

test('new garbage is collected once for every 4 MiB that were evicted', () => {
  let count = 0;
  const collector = new YoungCollector(() => count++);
  const counts = [1, 2, 0.5, 0.5, 3, 9, 1, 3].map((size) => {
    collector.evicted(size * mebibyte);
    return count;
  });
  assert.deepEqual(counts, [0, 0, 0, 1, 1, 2, 2, 3]);
});

test('a collection of new garbage frees buffers that nothing refers to', () => {
  const before = process.memoryUsage().arrayBuffers;
  (() => Array.from({ length: 64 }, () => Buffer.alloc(mebibyte)))();
  assert.ok(process.memoryUsage().arrayBuffers >= before + 32 * mebibyte);
  collectNewGarbage();
  collectNewGarbage();
  assert.ok(process.memoryUsage().arrayBuffers < before + 8 * mebibyte);
});
