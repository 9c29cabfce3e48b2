import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shelf } from './shelf.ts';

test('every piece on a shelf stays as it was put there, whatever comes after it', () => {
  const shelf = new Shelf();
  const pieces = Array.from({ length: 500 }, (_, i) => {
    const from = Buffer.alloc((i * 37) % 1500, `${i} `);
    const at = shelf.put(from, 2, from.length);
    return { wanted: from.toString('utf8', 2), bytes: shelf.bytes, at };
  });
  for (const { wanted, bytes, at } of pieces) {
    assert.equal(bytes.toString('utf8', at, at + wanted.length), wanted);
  }
});

test('small pieces that come one after the other lie in one buffer', () => {
  const shelf = new Shelf();
  const first = shelf.put(Buffer.from('first'), 0, 5);
  const { bytes } = shelf;
  assert.equal(shelf.put(Buffer.from('second'), 0, 6), first + 5);
  assert.equal(shelf.bytes, bytes);
});
