import assert from 'node:assert/strict';
import { test } from 'node:test';
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
/** Of padding, the normal run flips one bit in so many. */
const paddingStep = isLong ? 1 : 331;

/** Disks as they were after each step of a volume's life of some mounts. */
interface Life {
  readonly steps: readonly MemoryDisk[];
  /** Killed in its last mount, with two messages synced since that began. */
  readonly killed: MemoryDisk;
  readonly closed: MemoryDisk;
}

async function lived(mountCount = 3): Promise<Life> {
  const disk = new MemoryDisk();
  const steps: MemoryDisk[] = [];
  const step = () => steps.push(disk.copy());
  const wrappedKey = Buffer.from('wrapped');
  await Volume.format(disk, folder, { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  step();
  for (let mount = 0; mount < mountCount; mount++) {
    const life = await QueueVolume.open(disk, folder, dataKey);
    if (mount === 0) life.declare(1);
    step();
    for (let i = 0; i < 2; i++) {
      life.publish([1], `message ${i} of mount ${mount}`);
      await life.synced();
      step();
    }
    const isLast = mount === mountCount - 1;
    if (mount === 1 && !isLast) life.settle(1, 0);
    if (!isLast) await life.close();
    step();
    if (isLast) await life.close();
  }
  const killed = steps.at(-1);
  assert.ok(killed !== undefined);
  return { steps, killed, closed: disk };
}

/** Flips bits one by one: one in so many, and of zeros far from anything else fewer. */
async function eachFlip(
  disk: MemoryDisk,
  step: number,
  check: (file: string, at: number) => Promise<void>,
): Promise<void> {
  for (const file of disk.names) {
    const bytes = disk.bytes(file);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const at = bit >> 3;
      const isPadding = bytes.subarray(Math.max(0, at - 8), at + 8).every((byte) => byte === 0);
      if (bit % (isPadding ? step * paddingStep : step) !== 0) continue;
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      await check(file, at);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    }
  }
}

const nameOf = (file: string) => file.slice(folder.length + 1);

test('every changed bit of a closed volume is found and its file named', async () => {
  const { closed } = await lived(isLong ? 3 : 1);
  await eachFlip(closed, 1, async (file, at) => {
    await assert.rejects(
      checkVolume(closed, folder, dataKey),
      (error: StorageError) =>
        error.code === 'format-too-new' || error.message.includes(nameOf(file)),
      `${file} byte ${at}`,
    );
  });
  await checkVolume(closed, folder, dataKey);
});

test('a changed bit of a killed volume is found up to its last group, and makes nothing false', async () => {
  const { killed } = await lived(isLong ? 3 : 2);
  const newest = `/v/seg-${isLong ? 3 : 2}`;
  const records = await listRecords(killed, folder, dataKey);
  const last = killed.bytes(newest);
  const lastAt = last.length - 4096 * Math.floor(lengthOfZeros(last) / 4096) - 4096;
  assert.ok(records.some((record) => record.includes('"type":"message"')));
  await eachFlip(killed, isLong ? 1 : 3, async (file, at) => {
    if (file !== newest || at < lastAt) {
      await assert.rejects(checkVolume(killed, folder, dataKey), Error, `${file} byte ${at}`);
    } else {
      const listed = await listRecords(killed, folder, dataKey);
      assert.deepEqual(listed, records.slice(0, listed.length));
      assert.ok(listed.length >= records.length - 1);
    }
  });
});

/** How many zeros the bytes end with. */
function lengthOfZeros(bytes: Buffer): number {
  let at = bytes.length;
  while (at > 0 && bytes[at - 1] === 0) at--;
  return bytes.length - at;
}

test('an older copy of any file of a closed volume is refused, or hides nothing', async () => {
  const { steps, closed } = await lived();
  const records = await listRecords(closed, folder, dataKey);
  const position = (disk: MemoryDisk) =>
    readVolumeHeader(disk, folder).then((header) => header.position.segment);
  const newest = await position(closed);
  let count = 0;
  for (const older of steps) {
    for (const file of older.names) {
      if (older.bytes(file).equals(closed.bytes(file))) continue;
      const mixed = closed.copy();
      mixed.put(file, older.bytes(file));
      count++;
      if (file === '/v/volume' && (await position(older)) === newest) {
        // As if the process had ended just before it wrote that the volume is closed.
        assert.deepEqual(await listRecords(mixed, folder, dataKey), records);
        continue;
      }
      const expected = (error: StorageError) =>
        error.code === 'volume-rolled-back' || error.code === 'volume-damaged';
      await assert.rejects(checkVolume(mixed, folder, dataKey), expected);
      await assert.rejects(QueueVolume.open(mixed, folder, dataKey), expected);
    }
  }
  assert.ok(count > 15, `only ${count} older copies differ`);
});

test('an older copy of any file of a killed volume makes nothing false', async () => {
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
  assert.ok(refusedCount > 10, `only ${refusedCount} were refused`);
});

test('a volume without one of its segments is refused', async () => {
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

test('a segment cut off anywhere in a closed volume is found', async () => {
  const { closed } = await lived();
  const bytes = Buffer.from(closed.bytes('/v/seg-3'));
  for (let size = 0; size < bytes.length; size += isLong ? 1 : 97) {
    closed.put('/v/seg-3', bytes.subarray(0, size));
    await assert.rejects(checkVolume(closed, folder, dataKey), { code: 'volume-damaged' });
  }
});

test('the report counts what a sound volume holds and says how far it is', async () => {
  const { closed } = await lived();
  const progress: number[] = [];
  const report = await checkVolume(closed, folder, dataKey, (done, total) => {
    assert.equal(total, 3 * 20480);
    progress.push(done);
  });
  assert.deepEqual(progress, [20480, 40960, 61440]);
  const { id, kind, isClosed, segmentCount, bytes, recordCount } = report;
  assert.deepEqual([id, kind, isClosed, segmentCount, bytes], ['vol-1', 'broker', true, 3, 61440]);
  assert.equal(recordCount, (await listRecords(closed, folder, dataKey)).length);
});
