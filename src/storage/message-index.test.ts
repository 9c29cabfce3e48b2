import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryLog } from '../../tests/support/memory-log.ts';
import { SeededRandom } from '../../tests/support/seeded-random.ts';
import { locate, readWindow, writeIndex, writeRanges } from './message-index.ts';
import { QueueIndex } from './queue-index.ts';

/** A window over blocks of one segment, of which some messages were settled again. */
function filled(random: SeededRandom, count: number, keptOneIn: number) {
  const log = new MemoryLog();
  const queueIndex = new QueueIndex(7, true);
  const blocks = [0, 1, 2, 3].map(() => log.reserve(1, 200_000));
  for (let s = 0; s < count; s++) {
    const block = blocks[Math.floor((s * blocks.length) / count)];
    assert.ok(block !== undefined);
    const priority = random.oneIn(2) ? 0 : random.below(256);
    const expiryMs = random.oneIn(3) ? 1_700_000_000_000 + s : Infinity;
    queueIndex.append(block.slot, s * 3, random.below(1000), priority, expiryMs);
  }
  for (let s = 0; s < count; s++) if (!random.oneIn(keptOneIn)) queueIndex.remove(s);
  log.rows = [];
  return { log, window: queueIndex };
}

/** What a window says of its live messages. */
function stateOf(queueIndex: QueueIndex): unknown[] {
  const found: unknown[] = [];
  for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
    const [slot, offset, length] = [
      queueIndex.slot(s),
      queueIndex.offset(s),
      queueIndex.bodyLength(s),
    ];
    found.push([s, slot, offset, length, queueIndex.priority(s), queueIndex.expiresAtMs(s)]);
  }
  return found;
}

function rangesOf(log: MemoryLog): { ranges: number[]; recordCount: number } {
  const ranges: number[] = [];
  for (const { block, start, end } of log.rows) {
    ranges.push(...readWindow(block.stored, start, end).ranges);
  }
  return { ranges, recordCount: log.rows.length };
}

test('ranges and indexes recreate a window after any settlements', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const { log, window: queueIndex } = filled(random, 1 + random.below(9000), 1 + random.below(5));
    for (const _ of writeRanges(log, 4, queueIndex));
    const { ranges } = rangesOf(log);
    log.rows = [];
    writeIndex(log, 0x41, queueIndex, 1, 0);
    const next = new QueueIndex(7, true);
    next.next = queueIndex.next;
    for (const { block, start, end } of log.rows) {
      locate(log, block.stored, start, end, next, ranges);
    }
    assert.deepEqual(stateOf(next), stateOf(queueIndex), `seed ${seed}`);
    assert.deepEqual([next.next, next.count], [queueIndex.next, queueIndex.count], `seed ${seed}`);
  }
});

test('a window without live messages still records its next number', () => {
  const { log, window: queueIndex } = filled(new SeededRandom(1), 100, 1_000_000);
  assert.equal(queueIndex.count, 0);
  for (const _ of writeRanges(log, 4, queueIndex));
  const row = log.rows[0];
  assert.deepEqual([log.rows.length, (row?.end ?? 0) - (row?.start ?? 0)], [1, 10]);
  assert.equal(row?.block.stored.readUIntBE(row.start + 4, 6), 100);
});

test('ranges that exceed one record continue in the next one', () => {
  const log = new MemoryLog();
  const queueIndex = new QueueIndex(7, true);
  for (let s = 0; s < 20_000; s++) queueIndex.append(0, 0, 0, 0);
  for (let s = 0; s < 20_000; s += 2) queueIndex.remove(s);
  for (const _ of writeRanges(log, 4, queueIndex));
  const { ranges, recordCount } = rangesOf(log);
  assert.equal(recordCount, 3);
  assert.deepEqual([ranges.length, ranges[0], ranges.at(-1)], [20_000, 1, 20_000]);
});

test('only index entries within the ranges become live again', () => {
  const { log, window: queueIndex } = filled(new SeededRandom(3), 50, 1);
  writeIndex(log, 0x41, queueIndex, 1, 0);
  const row = log.rows[0];
  assert.ok(row !== undefined);
  const next = new QueueIndex(7, true);
  locate(log, row.block.stored, row.start, row.end, next, [0, 1, 10, 12, 49, 50]);
  const live = [0, 10, 11, 49];
  assert.deepEqual(
    Array.from({ length: 50 }, (_, s) => s).filter((s) => next.isLive(s)),
    live,
  );
});

test('an index omits messages of other segments and of blocks that are never written', () => {
  const log = new MemoryLog();
  const queueIndex = new QueueIndex(7, true);
  queueIndex.append(log.reserveTransient(1, 10).slot, 0, 1, 0);
  queueIndex.append(log.reserve(1, 10).slot, 0, 1, 0);
  log.rows = [];
  writeIndex(log, 0x41, queueIndex, 2, 0);
  assert.equal(log.rows.length, 0);
  writeIndex(log, 0x41, queueIndex, 1, 0);
  // Segment, queue, and one entry with number, block, offset and length.
  assert.deepEqual(
    log.rows.map(({ start, end }) => end - start),
    [10 + 1 + 6 + 6 + 4 + 4],
  );
});
