import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectGarbage } from '../../../base/process.ts';
import { FullCollections, MarkingMode } from './marking-mode.ts';

const mebibyte = 1024 * 1024;

/** The modes after sizes in MiB; a negative one was found after a full collection. */
function modesAfter(...sizes: number[]): { readonly found: boolean[]; readonly set: boolean[] } {
  const set: boolean[] = [];
  const marking = new MarkingMode((isInSteps) => set.push(isInSteps));
  const found = sizes.map((mebibytes) => {
    marking.look(Math.abs(mebibytes) * mebibyte, mebibytes < 0);
    return set.at(-1) ?? false;
  });
  return { found, set };
}

test('a large live heap is marked in steps, with some tolerance before the mode changes', () => {
  const { found, set } = modesAfter(8, -16, -18, 19, -16, -14, -16);
  assert.deepEqual(found, [false, false, true, true, true, false, false]);
  assert.deepEqual(set, [true, false]);
});

test('garbage does not count until the heap has grown much', () => {
  const { found } = modesAfter(-10, 20, 21, 23, 12, -11, 22, 24);
  assert.deepEqual(found, [false, false, false, true, false, false, false, true]);
});

test('a heap that has grown is marked in steps until a collection shows that it is small', () => {
  const { found } = modesAfter(8, 21, -21, 22, -12);
  assert.deepEqual(found, [false, true, true, true, false]);
});

test('a full collection is noticed once', async () => {
  const collections = new FullCollections();
  assert.equal(collections.wasOne(), false);
  await new Promise(setImmediate);
  collectGarbage();
  assert.equal(collections.wasOne(), true);
  assert.equal(collections.wasOne(), false);
});
