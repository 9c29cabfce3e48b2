import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChunkPool } from './chunk-pool.ts';

test('chunks share slabs, which are freed once none of their chunks is used', () => {
  const pool = new ChunkPool(16);
  const chunks = Array.from({ length: 512 }, () => pool.take());
  assert.equal(pool.slabCount, 8);
  for (const [i, chunk] of chunks.entries()) chunk.fill(i + 1);
  assert.ok(chunks.every((chunk, i) => chunk.every((word) => word === i + 1)));
  for (const chunk of chunks) pool.release(chunk.fill(0));
  assert.equal(pool.slabCount, 1, 'one is kept for whoever is next');
  const again = Array.from({ length: 64 }, () => pool.take());
  assert.equal(new Set(again).size, 64);
  assert.equal(pool.slabCount, 1);
});

test('after eight slabs, a slab has 512 chunks, and is freed as the others', () => {
  const pool = new ChunkPool(16);
  const chunks = Array.from({ length: 512 + 513 }, () => pool.take());
  assert.equal(pool.slabCount, 10);
  assert.equal(
    new Set(chunks.map(({ buffer, byteOffset }) => `${byteOffset} ${buffer.byteLength}`)).size,
    64 + 512,
  );
  for (const chunk of chunks) pool.release(chunk);
  assert.equal(pool.slabCount, 1);
});

test('a foreign chunk is not returned to a pool', () => {
  const pool = new ChunkPool(16);
  pool.release(new Uint32Array(16));
  assert.equal(pool.slabCount, 0);
});
