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
function opened(bytesMax: number, arenas = new Arenas()) {
  const dropped: number[] = [];
  return { cache: new BlockCache(arenas, bytesMax, ({ number }) => dropped.push(number)), dropped };
}

test('the oldest goes first, and the newest stays whatever its size', () => {
  const { cache, dropped } = opened(200 + objectBytes);
  for (const each of [block(1, 60), block(2, 60), block(3, 400)]) cache.add(each);
  cache.evict();
  assert.deepEqual(dropped, [1, 2]);
  assert.equal(cache.bytes, 400 + objectBytes);
});

test('one that was dropped and came again is among the newest', () => {
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

test('what was dropped is held by nobody, though the budget was never reached', () => {
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

test('one small block counts as all of the arena that it keeps', () => {
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

test('blocks that hold next to nothing count as the objects that they are', () => {
  const arenas = new Arenas();
  const { cache, dropped } = opened(blockBytes + 10 * objectBytes, arenas);
  const arena = arenas.take(blockBytes, true);
  for (let i = 1; i <= 100; i++) cache.add(new LogBlock(i, undefined, i, arena));
  cache.evict();
  assert.equal(dropped.length, 90);
  assert.equal(cache.bytes, blockBytes + 10 * objectBytes);
});
