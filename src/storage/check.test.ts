import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../tests/support/manual-clock.ts';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../tests/support/queue-volume.ts';
import { listRecords } from '../../tests/support/volume-records.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { checkVolume } from './check.ts';
import type { StorageError } from './errors.ts';
import { readVolumeHeader, Volume } from './volume.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 7));
const isLong = process.env['WAXWING_LONG'] === '1';
/** Of padding, the normal run flips one bit in this many. */
const paddingStep = isLong ? 1 : 331;

/** Disks as they were after each step of a volume's life of some mounts. */
interface Life {
  readonly steps: readonly MemoryDisk[];
  /** Killed in its last mount, before the mark said that its second message was synced. */
  readonly killed: MemoryDisk;
  /** Killed a tenth of a second later. */
  readonly idle: MemoryDisk;
  readonly closed: MemoryDisk;
}

async function lived(mountCount = 3): Promise<Life> {
  const clock = new ManualClock();
  const disk = new MemoryDisk();
  const steps: MemoryDisk[] = [];
  // Between two copies there is time for the mark to follow.
  const step = async () => {
    steps.push(disk.copy());
    clock.advance(100);
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    steps.push(disk.copy());
  };
  const wrappedKey = Buffer.from('wrapped');
  await Volume.format(disk, folder, { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  await step();
  for (let mount = 0; mount < mountCount; mount++) {
    const life = await QueueVolume.open(disk, folder, dataKey, { clock });
    if (mount === 0) life.declare(1);
    await step();
    for (let i = 0; i < 2; i++) {
      life.publish([1], `message ${i} of mount ${mount}`);
      await life.synced();
      await step();
    }
    const isLast = mount === mountCount - 1;
    if (mount === 1 && !isLast) life.settle(1, 0);
    await (isLast ? step() : life.close());
    await (isLast ? life.close() : step());
  }
  // The last mount's last step changed nothing: the mark had followed before.
  const [killed, idle] = steps.slice(-4);
  assert.ok(killed !== undefined && idle !== undefined);
  return { steps, killed, idle, closed: disk };
}

/** Flips bits one by one: one in so many, and of zeros far from anything else fewer. */
async function eachFlip(
  disk: MemoryDisk,
  step: number,
  check: (file: string, at: number) => Promise<void>,
): Promise<void> {
  for (const file of disk.names) {
    const bytes = disk.bytes(file);
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      const at = bit >> 3;
      const isPadding = bytes.subarray(Math.max(0, at - 8), at + 8).every((byte) => byte === 0);
      if (isPadding && bit % (step * paddingStep) !== 0) continue;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      await check(file, at);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    }
  }
}

const nameOf = (file: string) => file.slice(folder.length + 1);

test('every changed bit of a closed volume is detected and its file is named', async () => {
  const { closed } = await lived(isLong ? 3 : 1);
  await eachFlip(closed, isLong ? 1 : 11, async (file, at) => {
    await assert.rejects(
      checkVolume(closed, folder, dataKey),
      (error: StorageError) =>
        error.code === 'format-too-new' || error.message.includes(nameOf(file)),
      `${file} byte ${at}`,
    );
  });
  await checkVolume(closed, folder, dataKey);
});

test('bit changes in a killed volume are detected, except in a last group outside the mark', async () => {
  const { killed } = await lived(isLong ? 3 : 2);
  const newest = `/v/seg-${isLong ? 3 : 2}`;
  const records = await listRecords(killed, folder, dataKey);
  const lastAt = endOf(killed.bytes(newest)) - 4096;
  assert.ok(records.some((record) => record.includes('"type":"message"')));
  await eachFlip(killed, isLong ? 1 : 23, async (file, at) => {
    if (file !== newest || at < lastAt) {
      await assert.rejects(checkVolume(killed, folder, dataKey), Error, `${file} byte ${at}`);
    } else {
      const listed = await listRecords(killed, folder, dataKey);
      assert.deepEqual(listed, records.slice(0, listed.length));
      assert.ok(listed.length >= records.length - 1);
    }
  });
});

test('every changed bit of a killed volume is detected if its mark names the last group', async () => {
  const { idle } = await lived(isLong ? 3 : 2);
  const newest = `/v/seg-${isLong ? 3 : 2}`;
  const end = endOf(idle.bytes(newest));
  await eachFlip(idle, isLong ? 1 : 23, async (file, at) => {
    // Behind the end there is only room for what was never written.
    if (file === newest && at >= end) return;
    await assert.rejects(checkVolume(idle, folder, dataKey), Error, `${file} byte ${at}`);
  });
  await checkVolume(idle, folder, dataKey);
});

/** The first page behind everything but zeros. */
function endOf(bytes: Buffer): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Math.ceil(end / 4096) * 4096;
}

/** Whether an older copy of a file takes nothing from a volume, which then must open. */
async function isHarmless(older: MemoryDisk, file: string, newer: MemoryDisk): Promise<boolean> {
  const header = await readVolumeHeader(newer, folder);
  if (file === '/v/mark') return Number(older.bytes(file).readBigUInt64BE(16)) === header.epoch;
  if (file !== '/v/volume') return false;
  // As if the process had ended just before it wrote the header.
  const { position } = await readVolumeHeader(older, folder);
  return position.segment === header.position.segment;
}

/** Puts each older copy of each file into a disk, and counts those that are refused. */
async function countRefused(steps: readonly MemoryDisk[], disk: MemoryDisk): Promise<number> {
  const records = await listRecords(disk, folder, dataKey);
  const expected = { name: 'StorageError', code: /^volume-(rolled-back|damaged)$/ };
  let count = 0;
  for (const older of steps) {
    for (const file of older.names) {
      if (older.bytes(file).equals(disk.bytes(file))) continue;
      const mixed = disk.copy();
      mixed.put(file, older.bytes(file));
      if (await isHarmless(older, file, disk)) {
        await checkVolume(mixed, folder, dataKey);
        assert.deepEqual(await listRecords(mixed, folder, dataKey), records);
        continue;
      }
      count++;
      await assert.rejects(checkVolume(mixed, folder, dataKey), expected, file);
      await assert.rejects(QueueVolume.open(mixed, folder, dataKey), expected, file);
    }
  }
  return count;
}

test('an older copy of any file of a closed volume is rejected or hides nothing', async () => {
  const { steps, closed } = await lived();
  const count = await countRefused(steps, closed);
  assert.ok(count > 30, `only ${count} older copies were refused`);
});

test('an older file in a killed volume with a current mark is rejected or hides nothing', async () => {
  const { steps, idle } = await lived();
  const count = await countRefused(steps.slice(0, steps.indexOf(idle)), idle);
  assert.ok(count > 30, `only ${count} older copies were refused`);
});

test('an older file in a killed volume with an outdated mark yields no false records', async () => {
  const { steps, killed } = await lived();
  const records = await listRecords(killed, folder, dataKey);
  let refusedCount = 0;
  for (const older of steps) {
    for (const file of older.names) {
      const mixed = killed.copy();
      mixed.put(file, older.bytes(file));
      const listed = await listRecords(mixed, folder, dataKey).catch((error: StorageError) => {
        assert.match(error.code, /^volume-(rolled-back|damaged)$/);
        refusedCount++;
        return [];
      });
      assert.deepEqual(listed, records.slice(0, listed.length));
    }
  }
  assert.ok(refusedCount > 30, `only ${refusedCount} were refused`);
});

test('a volume with a missing segment is rejected', async () => {
  const { closed } = await lived();
  for (const file of closed.names.filter((name) => name.includes('seg-'))) {
    const without = closed.copy();
    await without.remove(file);
    await assert.rejects(checkVolume(without, folder, dataKey), {
      code: 'volume-damaged',
      message: new RegExp(`${file} is missing`),
    });
  }
});

test('a truncated segment in a closed volume is detected', async () => {
  const { closed } = await lived();
  const bytes = Buffer.from(closed.bytes('/v/seg-3'));
  for (let size = 0; size < bytes.length; size += isLong ? 1 : 97) {
    closed.put('/v/seg-3', bytes.subarray(0, size));
    await assert.rejects(checkVolume(closed, folder, dataKey), { code: 'volume-damaged' });
  }
});

test('the report counts the contents of an intact volume and shows the progress', async () => {
  const { closed } = await lived();
  const progress: number[] = [];
  const report = await checkVolume(closed, folder, dataKey, (done, total) => {
    assert.equal(total, 65536);
    progress.push(done);
  });
  assert.deepEqual(progress, [24576, 45056, 65536]);
  const { id, kind, isClosed, segmentCount, bytes, recordCount } = report;
  assert.deepEqual([id, kind, isClosed, segmentCount, bytes], ['vol-1', 'broker', true, 3, 65536]);
  assert.equal(recordCount, (await listRecords(closed, folder, dataKey)).length);
});
