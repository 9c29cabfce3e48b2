import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectGarbage } from '../../base/process.ts';
import { Arenas, blockBytes, LogBlock } from './block.ts';
import { BlockCache } from './block-cache.ts';

/** Bytes that a block takes besides its plaintext. */
const objectBytes = 256;

function block(number: number, sizeBytes: number): LogBlock {
  return new LogBlock(number, undefined, number, Buffer.alloc(sizeBytes));
}

/** A cache, and the numbers of what it dropped. */
function fresh(bytesMax: number, arenas = new Arenas()) {
  const dropped: number[] = [];
  return { cache: new BlockCache(arenas, bytesMax, ({ number }) => dropped.push(number)), dropped };
}

/** The same, with the whole budget in use since a block was read back. */
function opened(bytesMax: number, arenas = new Arenas()) {
  const { cache, dropped } = fresh(bytesMax, arenas);
  const read = block(0, 1);
  cache.addRead(read);
  cache.drop(read);
  dropped.length = 0;
  return { cache, dropped };
}

test('the oldest block is evicted first, and the newest stays regardless of its size', () => {
  const { cache, dropped } = opened(200 + objectBytes);
  for (const each of [block(1, 60), block(2, 60), block(3, 400)]) cache.add(each);
  cache.evict();
  assert.deepEqual(dropped, [1, 2]);
  assert.equal(cache.bytes, 400 + objectBytes);
});

test('only evicted blocks are reported, with their size', () => {
  const { cache } = opened(100 + 2 * objectBytes);
  const sizes: number[] = [];
  cache.evicted = (bytes) => sizes.push(bytes);
  const settled = block(1, 60);
  for (const each of [settled, block(2, 50), block(3, 40), block(4, 30)]) cache.add(each);
  cache.drop(settled);
  cache.evict();
  assert.deepEqual(sizes, [50]);
});

test('a block that was dropped and added again counts as new', () => {
  const { cache, dropped } = opened(130 + 2 * objectBytes);
  const [first, second] = [block(1, 60), block(2, 60)];
  cache.add(first);
  cache.add(second);
  cache.drop(first);
  cache.add(first);
  cache.add(block(3, 60));
  cache.evict();
  assert.deepEqual(dropped, [1, 2]);
});

test('dropped blocks can be garbage-collected even below the budget', () => {
  const { cache } = opened(1_000_000);
  const dropped = Array.from({ length: 2000 }, (_, i) => {
    const made = block(i, 10);
    cache.add(made);
    cache.drop(made);
    cache.evict();
    return new WeakRef(made);
  });
  return new Promise<void>((resolve) => {
    // References seen in a turn live until its end.
    setImmediate(() => {
      collectGarbage();
      assert.ok(dropped.filter((made) => made.deref() !== undefined).length < 10);
      resolve();
    });
  });
});

test('a small block counts as the whole arena that it retains', () => {
  const arenas = new Arenas();
  const { cache, dropped } = opened(3 * (blockBytes + objectBytes), arenas);
  for (let i = 1; i <= 8; i++) {
    const arena = arenas.take(100, true);
    cache.add(new LogBlock(i, undefined, i, arena));
    arenas.close(arena);
  }
  assert.equal(arenas.countedBytes, 8 * blockBytes);
  cache.evict();
  assert.equal(arenas.countedBytes, 3 * blockBytes);
  assert.deepEqual(dropped, [1, 2, 3, 4, 5]);
});

test('nearly empty blocks count with their object size', () => {
  const arenas = new Arenas();
  const { cache, dropped } = opened(blockBytes + 10 * objectBytes, arenas);
  const arena = arenas.take(blockBytes, true);
  for (let i = 1; i <= 100; i++) cache.add(new LogBlock(i, undefined, i, arena));
  cache.evict();
  assert.equal(dropped.length, 90);
  assert.equal(cache.bytes, blockBytes + 10 * objectBytes);
});

/** Adds blocks and makes room after each, as a log does after each group; the most that was held. */
function fill(cache: BlockCache, from: number, count: number, sizeBytes: number): number {
  let most = 0;
  for (let i = 0; i < count; i++) {
    cache.add(block(from + i, sizeBytes));
    cache.evict();
    most = Math.max(most, cache.bytes);
  }
  return most;
}

test('an unread backlog uses one sixteenth of the budget', () => {
  const { cache } = fresh(800_000);
  assert.ok(fill(cache, 1, 1000, 10_000) <= 50_000);
});

test('reading a block back enables the full budget until as much is dropped unread', () => {
  const { cache, dropped } = fresh(800_000);
  fill(cache, 1, 100, 10_000);
  cache.addRead(block(1000, 10_000));
  dropped.length = 0;
  assert.ok(fill(cache, 101, 60, 10_000) > 600_000);
  assert.deepEqual(dropped, []);
  // Beyond the budget blocks are dropped, and after 800,000 bytes of them most of the rest.
  fill(cache, 201, 110, 10_000);
  assert.ok(cache.bytes <= 50_000, `${cache.bytes}`);
});

test('a cache that is read repeatedly keeps the full budget', () => {
  const { cache } = fresh(800_000);
  for (let round = 0; round < 50; round++) {
    fill(cache, round * 100, 20, 10_000);
    cache.addRead(block(round * 100 + 99, 10_000));
  }
  assert.ok(cache.bytes > 700_000);
});
