import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeU32, writeU48 } from '../../base/bytes.ts';
import { QueueIndex } from '../queue-index.ts';
import { proveRecord, recordTypes } from '../record-shapes.ts';
import { ReadyTimes } from './ready-times.ts';

function record(queue: number, ...entries: (readonly [sequence: number, readyAtMs: number])[]) {
  const bytes = Buffer.alloc(4 + entries.length * 12);
  let p = writeU32(bytes, 0, queue);
  for (const [sequence, readyAtMs] of entries) {
    p = writeU48(bytes, writeU48(bytes, p, sequence), readyAtMs);
  }
  return bytes;
}

test('records of unknown queues and messages have no effect, and the latest time counts', () => {
  const index = new QueueIndex(7, true);
  for (let i = 0; i < 3; i++) index.append(0, 0, 1, 0, Infinity, 0);
  const indexes = new Map([[7, index]]);
  const times = new ReadyTimes();
  for (const bytes of [
    record(7, [0, 2000], [1, 500], [99, 9000]),
    record(8, [0, 7000]),
    record(7, [0, 1000], [1, 600]),
    record(7),
  ]) {
    times.replay(indexes, bytes, 0, bytes.length);
  }
  const found = [...times.recovered(index)].filter(([sequence]) => index.isLive(sequence));
  assert.deepEqual(found, [
    [0, 2000],
    [1, 600],
  ]);
  times.forget(index);
  assert.deepEqual([...times.recovered(index)], []);
});

test('a record that does not have whole entries is refused', () => {
  const whole = record(7, [1, 2], [3, 4]);
  proveRecord(recordTypes.ready, whole, 0, whole.length);
  proveRecord(recordTypes.ready, whole, 0, 4);
  for (const size of [0, 3, 5, 15, 17, whole.length - 1]) {
    assert.throws(
      () => proveRecord(recordTypes.ready, whole, 0, size),
      { code: 'record-invalid', message: /ready record/ },
      String(size),
    );
  }
});
