import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyFromBytes } from '../../crypto/derive.ts';
import { offsetMax } from '../messages/index-memory.ts';
import { BlockTable } from './block-table.ts';
import { LiveSegment } from './live-segment.ts';
import { recordHeaderBytes } from './records.ts';
import { noEnd } from './segment.ts';

const key = keyFromBytes(Buffer.alloc(32, 1));

function segment(number: number): LiveSegment {
  return new LiveSegment(
    {
      format: 2,
      segment: number,
      epoch: 1,
      generation: 0,
      predecessor: noEnd,
      salt: Buffer.alloc(32),
    },
    key,
  );
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

/** A table with 100 blocks of 1,000 bytes and one wanted message each, of which none is in memory. */
function filled() {
  const table = new BlockTable(1, () => {});
  const home = segment(1);
  const slots: number[] = [];
  for (let number = 1; number <= 100; number++) {
    const slot = table.take(home, number);
    table.retain(slot);
    table.synced(table.placeSynced(slot, Buffer.alloc(1000)));
    slots.push(slot);
  }
  table.cache.evict();
  return { table, home, slots };
}

test('a block that is only on disk has no object but is still known', () => {
  const { table, home, slots } = filled();
  // The newest stays in the cache.
  assert.equal(table.blocks.filter((block) => block !== undefined).length, 1);
  assert.equal(home.blocks.size, 1);
  assert.equal(home.liveCount, 100);
  for (const [i, slot] of slots.entries()) {
    assert.equal(table.home(slot), home);
    assert.equal(table.number(slot), i + 1);
  }
});

test('the slot of a released block is reused exactly once', async () => {
  const { table, home, slots } = filled();
  const [first = -1, second = -1] = slots;
  table.release(first);
  // Wanted again within the turn: both times it was about to be freed.
  table.retain(first);
  table.release(first);
  table.release(second);
  table.retain(second);
  await nextTurn();
  assert.equal(table.home(first), undefined);
  assert.equal(table.home(second), home);
  assert.equal(home.liveCount, 99);
  const taken = [table.take(home, 101), table.take(home, 102)];
  assert.deepEqual(taken, [first, 100]);
});

test('a slot freed by a sync is not freed again after the turn', async () => {
  const table = new BlockTable(1, () => {});
  const home = segment(1);
  const slot = table.take(home, 1);
  const block = table.placeSynced(slot, Buffer.alloc(10));
  table.retain(slot);
  table.release(slot);
  table.synced(block);
  await nextTurn();
  assert.deepEqual([table.take(home, 2), table.take(home, 3)], [slot, 1]);
});

test('a block on disk has one slot, however often it is located', () => {
  const { table, home } = filled();
  const ended = segment(2);
  const slot = table.locate(ended, 7);
  table.retain(slot);
  assert.equal(table.locate(ended, 7), slot);
  table.placeSynced(slot, Buffer.alloc(10));
  assert.equal(table.locate(home, 100), 99);
  assert.equal(table.locate(ended, 7), slot);
});

test('releasing a slot more often than retaining it throws', () => {
  const { table, slots } = filled();
  const [slot = -1] = slots;
  table.release(slot);
  assert.throws(() => table.release(slot), /released more often/);
});

test('blocks read from disk are placed in arenas one after the other', () => {
  const table = new BlockTable(1_000_000, () => {});
  const home = segment(1);
  const texts = ['first', 'second', 'x'.repeat(200_000), 'last'];
  const blocks = texts.map((text, i) =>
    table.placeCopy(table.take(home, i + 1), Buffer.from(text)),
  );
  for (const [i, { buffer, start, length, arena }] of blocks.entries()) {
    assert.equal(buffer.toString('latin1', start, start + length), texts[i]);
    assert.equal(buffer, arena?.buffer);
  }
  assert.deepEqual([blocks[0]?.buffer, blocks[1]?.start], [blocks[1]?.buffer, 5]);
});

test('small transient records do not follow a released large record in its block', async () => {
  const table = new BlockTable(1, () => {});
  const large = table.reserveTransient(1, 1024 * 1024);
  table.retain(large.slot);
  table.release(large.slot);
  await nextTurn();
  for (let i = 0; i < 400; i++) {
    table.retain(table.reserveTransient(1, 1000).slot);
    assert.ok(table.transientAt <= offsetMax, `a record at ${table.transientAt}`);
  }
});

test('the block of small transient records is reused once its messages are gone', async () => {
  const table = new BlockTable(1, () => {});
  const first = table.reserveTransient(1, 1000);
  table.retain(first.slot);
  table.release(first.slot);
  await nextTurn();
  assert.equal(table.reserveTransient(1, 1000), first);
  assert.equal(table.transientAt, recordHeaderBytes);
});
