import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MarkingMode } from './marking-mode.ts';

test('incremental marking is on from when the heap is large until it is small again', () => {
  const modes: boolean[] = [];
  const marking = new MarkingMode((isInSteps) => modes.push(isInSteps));
  const found = [8, 14, 16, 14, 40, 12, 14].map((mebibytes) => {
    marking.look(mebibytes * 1024 * 1024);
    return modes.at(-1) ?? false;
  });
  assert.deepEqual(found, [false, false, true, true, true, false, false]);
  assert.deepEqual(modes, [true, false]);
});
