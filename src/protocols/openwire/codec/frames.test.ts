import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameReader } from './frames.ts';

test('a large frame is gathered without copying much of it again', (t) => {
  const size = 20 * 1024 * 1024;
  const copy = t.mock.method(Buffer.prototype, 'copy'); // calls it, and records the calls
  let isWhole = false;
  const reader = new FrameReader({
    announced: (sizeBytes, type) => assert.deepEqual([sizeBytes, type], [size, 23]),
    frame: (bytes, start, end) => {
      isWhole = bytes.subarray(start + 1, end).equals(Buffer.alloc(size - 1, 1));
    },
  });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(size);
  head[4] = 23;
  reader.receive(head);
  const piece = Buffer.alloc(64 * 1024 - 1, 1);
  for (let left = size - 1; left > 0; left -= piece.length) {
    reader.receive(piece.subarray(0, Math.min(left, piece.length)));
  }
  assert.ok(isWhole);
  const sizes: number[] = copy.mock.calls.map(
    (call: { readonly result?: number }) => call.result ?? 0,
  );
  const largest = Math.max(...sizes);
  assert.ok(largest <= 8 * 1024 * 1024, `${largest} bytes were copied in one piece`);
});
