import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import { Volume } from '../volume.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 7));

/** What each write of a segment put where, besides the files themselves. */
class WatchedDisk extends MemoryDisk {
  readonly written: string[] = [];
  override wrote(file: string, offset: number, data: Buffer): void {
    if (!file.includes('seg-')) return;
    let end = data.length;
    while (end > 0 && data[end - 1] === 0) end--;
    this.written.push(`${offset}:${data.toString('hex', 0, end)}`);
  }
}

async function mounted() {
  const disk = new WatchedDisk();
  const wrappedKey = Buffer.from('wrapped');
  await Volume.format(disk, folder, { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  const life = await QueueVolume.open(disk, folder, dataKey);
  life.declare(1);
  await life.synced();
  return { disk, life };
}

test('a write that fails on a full disk is retried with the same bytes at the same offset', async () => {
  const { disk, life } = await mounted();
  disk.written.length = 0;
  disk.fail('write', 'ENOSPC', 2, /seg-/);
  life.publish([1], 'one');
  await life.synced();
  assert.deepEqual(life.full, [true, false]);
  assert.equal(disk.written.length, 3);
  assert.equal(new Set(disk.written).size, 1);
  await life.close();
  await checkVolume(disk, folder, dataKey);
});

test('a sync that fails on a full disk is retried with all its writes', async () => {
  const { disk, life } = await mounted();
  disk.written.length = 0;
  disk.fail('sync', 'ENOSPC', 2, /seg-/);
  life.publish([1], 'one');
  await life.synced();
  assert.deepEqual(life.full, [true, false]);
  assert.equal(disk.written.length, 3);
  assert.equal(new Set(disk.written).size, 1);
  await life.close();
  await checkVolume(disk, folder, dataKey);
});

test('a full disk delays the first group of a segment at any step without data loss', async () => {
  for (const operation of ['create', 'write', 'replace'] as const) {
    const { disk, life } = await mounted();
    life.publish([1], 'one');
    await life.close();
    // The first replacement of the header is of the mount itself, which says so.
    if (operation === 'replace') {
      disk.fail('replace', 'ENOSPC');
      await assert.rejects(QueueVolume.open(disk, folder, dataKey), { code: 'disk-failed' });
    }
    const opening = await QueueVolume.openUnsynced(disk, folder, dataKey);
    disk.fail(operation, 'ENOSPC', 1, operation === 'replace' ? /volume/ : /seg-/);
    await opening.durable(1);
    assert.deepEqual(opening.full, [true, false], operation);
    assert.deepEqual(await opening.bodies(1), ['one']);
    await opening.close();
    await checkVolume(disk, folder, dataKey);
  }
});

test('a change of the header does not wait until the first group of a segment has room', async () => {
  const { disk, life } = await mounted();
  await life.close();
  const clock = new ManualClock();
  const opening = await QueueVolume.openUnsynced(disk, folder, dataKey, { clock });
  disk.fail('write', 'ENOSPC', 1, /seg-/);
  while (opening.full.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await opening.volume.rewrap(Buffer.from('again'));
  assert.deepEqual(opening.full, [true]);
  clock.advance(1000);
  await opening.durable(1);
  assert.deepEqual(opening.full, [true, false]);
  await opening.close();
  assert.equal((await checkVolume(disk, folder, dataKey)).isClosed, true);
});

for (const [operation, code] of [
  ['write', 'EIO'],
  ['sync', 'EIO'],
] as const) {
  test(`after a ${operation} fails with ${code}, nothing is written or confirmed`, async () => {
    const { disk, life } = await mounted();
    const before = disk.copy();
    disk.fail(operation, code, 1, /seg-/);
    life.publish([1], 'one');
    await assert.rejects(life.synced(), {
      code: 'disk-failed',
      message: /writing seg-1 at byte 12288 failed/,
    });
    const durable = life.log.durableGroup;
    disk.written.length = 0;
    life.publish([1], 'two');
    await assert.rejects(life.synced(), { code: 'disk-failed' });
    await assert.rejects(life.close(), { code: 'disk-failed' });
    assert.deepEqual(disk.written, []);
    assert.equal(life.log.durableGroup, durable);
    const after = await QueueVolume.open(before, folder, dataKey);
    assert.deepEqual(await after.bodies(1), []);
    await after.close();
  });
}

test('a failed folder sync is not retried', async () => {
  const { disk, life } = await mounted();
  await life.close();
  const opening = await QueueVolume.openUnsynced(disk, folder, dataKey);
  disk.fail('sync-folder', 'ENOSPC');
  await assert.rejects(opening.durable(1), { code: 'disk-failed' });
});

test('records appended while a group is written form one group', async () => {
  const { life } = await mounted();
  const first = life.log.openGroup;
  life.publish([1], 'one');
  const synced = life.synced();
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 10; i++) {
    life.publish([1], `more ${i}`);
    life.log.sync();
    assert.equal(life.log.openGroup, first + 1);
  }
  await synced;
  await life.durable(first + 1);
  assert.equal(life.log.durableGroup, first + 1);
  await life.close();
});
