import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectGarbage } from '../../base/process.ts';
import { Arenas, blockBytes, LogBlock } from './block.ts';
import { BlockCache } from './block-cache.ts';

function block(number: number, sizeBytes: number): LogBlock {
  const made = new LogBlock(number, undefined, number);
  made.buffer = Buffer.alloc(sizeBytes);
  made.length = sizeBytes;
  made.heldBytes = sizeBytes;
  return made;
}

test('the oldest goes first, and the newest stays whatever its size', () => {
  const cache = new BlockCache(new Arenas(), 100);
  const blocks = [block(1, 60), block(2, 60), block(3, 400)];
  for (const each of blocks) cache.add(each);
  cache.evict();
  assert.deepEqual(
    blocks.map(({ buffer }) => buffer !== undefined),
    [false, false, true],
  );
  assert.equal(cache.bytes, 400);
});

test('one that was dropped and came again is among the newest', () => {
  const cache = new BlockCache(new Arenas(), 130);
  const [first, second] = [block(1, 60), block(2, 60)];
  cache.add(first);
  cache.add(second);
  cache.drop(first);
  first.buffer = Buffer.alloc(60);
  cache.add(first);
  cache.add(block(3, 60));
  cache.evict();
  assert.deepEqual([first.buffer !== undefined, second.buffer !== undefined], [true, false]);
});

test('what was dropped is held by nobody, though the budget was never reached', () => {
  const cache = new BlockCache(new Arenas(), 1_000_000);
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
  const cache = new BlockCache(arenas, 3 * blockBytes);
  const blocks = Array.from({ length: 8 }, (_, i) => {
    const made = new LogBlock(i, undefined, i);
    const arena = arenas.take(100, true);
    made.buffer = arena.buffer;
    made.heldBytes = 100;
    made.arena = arena;
    arena.blockCount++;
    arenas.close(arena);
    cache.add(made);
    return made;
  });
  assert.equal(arenas.countedBytes, 8 * blockBytes);
  cache.evict();
  assert.equal(arenas.countedBytes, 3 * blockBytes);
  assert.deepEqual(
    blocks.map(({ buffer }) => buffer !== undefined),
    [false, false, false, false, false, true, true, true],
  );
});
