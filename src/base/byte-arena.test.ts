import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteArena } from './byte-arena.ts';

test('data in an arena is not overwritten by later data', () => {
  const arena = new ByteArena();
  const pieces = Array.from({ length: 500 }, (_, i) => {
    const from = Buffer.alloc((i * 37) % 1500, `${i} `);
    const at = arena.put(from, 2, from.length);
    return { wanted: from.toString('utf8', 2), bytes: arena.bytes, at };
  });
  for (const { wanted, bytes, at } of pieces) {
    assert.equal(bytes.toString('utf8', at, at + wanted.length), wanted);
  }
});

test('consecutive small pieces share one buffer', () => {
  const arena = new ByteArena();
  const first = arena.put(Buffer.from('first'), 0, 5);
  const { bytes } = arena;
  assert.equal(arena.put(Buffer.from('second'), 0, 6), first + 5);
  assert.equal(arena.bytes, bytes);
});
