import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import type { LogOptions } from '../log-owner.ts';
import { Volume } from '../volume.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 7));

async function formatted(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const wrappedKey = Buffer.from('wrapped');
  await Volume.format(disk, folder, { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  return disk;
}

const open = (disk: MemoryDisk, options: Partial<LogOptions> = {}) =>
  QueueVolume.open(disk, folder, dataKey, options);

test('a volume with fewer mounts than its owner knows is rejected as an older copy', async () => {
  const disk = await formatted();
  await (await open(disk)).close();
  const older = disk.copy();
  await (await open(disk, { epoch: 2, epochMin: 1 })).close();
  await assert.rejects(open(older, { epoch: 3, epochMin: 2 }), {
    code: 'volume-rolled-back',
    message: /was last mounted as number 1; expected 2 to 2/,
  });
  await (await open(disk, { epoch: 3, epochMin: 2 })).close();
});

test('a mount number that is not above the last one is rejected', async () => {
  const disk = await formatted();
  await (await open(disk, { epoch: 5 })).close();
  await assert.rejects(open(disk, { epoch: 5 }), { code: 'volume-rolled-back' });
  await (await open(disk, { epoch: 6 })).close();
});

function flip(bytes: Buffer, at: number): void {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
}

test('damage in a synced group is detected if the next group started before the sync', async () => {
  const disk = await formatted();
  const life = await open(disk);
  life.declare(1);
  await life.synced();
  const groupAt = endOf(disk, '/v/seg-1');
  life.publish([1], 'one');
  const first = life.synced();
  // While the group above is written, blocks of the next are filled and sealed.
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 3; i++) life.publish([1], 'x'.repeat(100_000));
  const second = life.synced();
  await first;
  await second;
  const killed = disk.copy();
  flip(killed.bytes('/v/seg-1'), groupAt + 50);
  await assert.rejects(checkVolume(killed, folder, dataKey), { code: 'volume-damaged' });
  await life.close();
});

/** The first page boundary behind everything but zeros. */
function endOf(disk: MemoryDisk, file: string): number {
  const bytes = disk.bytes(file);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Math.ceil(end / 4096) * 4096;
}

test('damage at the end of a segment is detected if the next segment has not started', async () => {
  const disk = await formatted();
  const life = await open(disk);
  life.declare(1);
  await life.synced();
  const groupAt = endOf(disk, '/v/seg-1');
  life.publish([1], 'one');
  const first = life.synced();
  await new Promise((resolve) => setImmediate(resolve));
  // The segment's last group is sealed while the group above is written.
  const closed = life.close();
  await first;
  const before = disk.copy();
  await closed;
  const header = before.bytes('/v/volume');
  const killed = disk.copy();
  killed.put('/v/volume', header);
  flip(killed.bytes('/v/seg-1'), groupAt + 50);
  await assert.rejects(checkVolume(killed, folder, dataKey), { code: 'volume-damaged' });
});

test('an older header does not hide confirmed data in a segment that was closed soon after', async () => {
  const disk = await formatted();
  const first = await open(disk);
  first.declare(1);
  first.publish([1], 'zero');
  await first.close();
  const life = await QueueVolume.openUnsynced(disk, folder, dataKey);
  const header = Buffer.from(disk.bytes('/v/volume'));
  life.publish([1], 'one');
  await life.close();
  disk.put('/v/volume', header);
  await assert.rejects(open(disk), { code: 'volume-rolled-back' });
});

/** The volume as a process leaves it that synced one more message and was killed. */
async function killedWith(disk: MemoryDisk, body: string): Promise<MemoryDisk> {
  const life = await open(disk);
  life.publish([1], body);
  await life.synced();
  const killed = disk.copy();
  await life.close();
  return killed;
}

test('a segment of another history with the same number is rejected even with a copied tag', async () => {
  const disk = await formatted();
  const first = await open(disk);
  first.declare(1);
  await first.close();
  const other = disk.copy();
  const lastAt = 2 * 4096;
  const cut = await killedWith(disk, 'one');
  const foreign = (await killedWith(other, 'two')).bytes('/v/seg-2');
  // One more mount, so that segment 2 is an older one that a table names; its index is elsewhere.
  await (await open(cut)).close();
  cut.bytes('/v/seg-2').copy(foreign, lastAt + 24, lastAt + 24, lastAt + 40);
  cut.put('/v/seg-2', foreign);
  await assert.rejects(open(cut), { code: 'volume-damaged', message: /seg-2 .* its last block/ });
});

test('leftover files of a start that ended before any change are not damage', async () => {
  const disk = await formatted();
  await (await open(disk)).close();
  for (const name of ['volume.new', 'mark.new', 'lock.123', 'lock.123.stale'])
    disk.put(`/v/${name}`, Buffer.from('x'));
  assert.equal((await checkVolume(disk, folder, dataKey)).isClosed, true);
});

test('a volume of format 1 is mounted without a mark and has one afterwards', async () => {
  const disk = await formatted();
  const first = await open(disk);
  first.declare(1);
  first.publish([1], 'zero');
  await first.close();
  const volume = await Volume.open(disk, folder, dataKey);
  await volume.update({ format: 1 });
  await volume.rewrap(Buffer.from('wrapped anew'));
  await volume.close();
  await disk.remove('/v/mark');
  await checkVolume(disk, folder, dataKey);
  const killed = await killedWith(disk, 'one');
  const life = await open(killed.copy());
  assert.deepEqual(await life.bodies(1), ['zero', 'one']);
  await life.close();
  await killed.remove('/v/mark');
  const expected = { code: 'volume-damaged', message: '/v/mark is missing' };
  await assert.rejects(open(killed), expected);
  await assert.rejects(checkVolume(killed, folder, dataKey), expected);
});

test('a mark that cannot be written or synced stops the confirms of the log', async () => {
  for (const operation of ['write', 'sync'] as const) {
    const clock = new ManualClock();
    const disk = await formatted();
    const life = await open(disk, { clock });
    disk.fail(operation, 'EIO', 1, /mark/);
    for (let i = 0; i < 6; i++) {
      clock.advance(100);
      for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    life.declare(1);
    await assert.rejects(life.synced(), { code: 'disk-failed', message: /writing mark failed/ });
    await assert.rejects(life.close(), { code: 'disk-failed' });
  }
});

/** A disk whose renamings and removals take long. */
class SlowDisk extends MemoryDisk {
  override async rename(from: string, to: string): Promise<void> {
    for (let i = 0; i < 200; i++) await new Promise((resolve) => setImmediate(resolve));
    await super.rename(from, to);
  }
}

test('a volume is closed only after its unused segments are deleted', async () => {
  const disk = new SlowDisk();
  const wrappedKey = Buffer.from('wrapped');
  await Volume.format(disk, folder, { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  await (await open(disk)).close();
  await (await open(disk)).close();
  assert.deepEqual(await disk.list(folder), ['mark', 'seg-2', 'volume']);
});

test('an unreadable disk fails the start and the check with a disk error', async () => {
  const disk = await formatted();
  await (await open(disk)).close();
  const expected = { code: 'disk-failed', message: /\/v failed: EIO/ };
  const next = disk.nextError.bind(disk);
  // The header file is read first, and may be.
  for (const attempt of [() => open(disk), () => checkVolume(disk, folder, dataKey)]) {
    let count = 0;
    disk.nextError = (operation, file) => {
      if (operation === 'read' && ++count === 2) disk.fail('read', 'EIO');
      return next(operation, file);
    };
    await assert.rejects(attempt(), expected);
  }
});
