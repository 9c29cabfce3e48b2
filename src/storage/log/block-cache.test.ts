import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectGarbage } from '../../base/process.ts';
import { Arenas, LogBlock } from './block.ts';
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
  cache.evict(0);
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
  cache.evict(0);
  assert.deepEqual([first.buffer !== undefined, second.buffer !== undefined], [true, false]);
});

test('what was dropped is held by nobody, though the budget was never reached', () => {
  const cache = new BlockCache(new Arenas(), 1_000_000);
  const dropped = Array.from({ length: 2000 }, (_, i) => {
    const made = block(i, 10);
    cache.add(made);
    cache.drop(made);
    cache.evict(0);
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
