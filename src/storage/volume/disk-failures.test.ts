import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { type Operation, SimDisk } from '../../../tests/support/sim-disk.ts';
import { systemRandom } from '../../base/random.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import type { Disk } from '../disk.ts';
import { diskFailed, StorageError } from '../errors.ts';
import { SealedFile, sealFile } from '../sealed-files/sealed-file.ts';
import { readVolumeHeader, Volume } from '../volume.ts';

const keyOf = (generation: number) => keyFromBytes(Buffer.alloc(32, 7 + generation));
const wrapped = (generation: number) => Buffer.from(`wrapped ${generation}`);
const newVolume = { id: 'vol-1', kind: 'broker', wrappedKey: wrapped(0) } as const;

const operations: readonly Operation[] = [
  ...(['create', 'open', 'read', 'write', 'sync', 'rename', 'syncFolder', 'list'] as const),
];

/** Calls the storage on a disk with a volume and a sealed file, and then what began to fail. */
type Call = (disk: Disk, begin: () => void) => Promise<unknown>;

const opened = (disk: Disk) =>
  Volume.open(disk, '/v', { newest: keyOf(1), older: new Map([[0, keyOf(0)]]) });

const onVolume =
  (change: (volume: Volume) => Promise<unknown>): Call =>
  async (disk, begin) => {
    const volume = await opened(disk);
    begin();
    await change(volume);
  };

const calls: Readonly<Record<string, Call>> = {
  format: async (disk, begin) => {
    begin();
    await Volume.format(disk, '/w', newVolume, keyOf(0));
  },
  readVolumeHeader: async (disk, begin) => {
    begin();
    await readVolumeHeader(disk, '/v');
  },
  open: async (disk, begin) => {
    begin();
    await opened(disk);
  },
  update: onVolume((volume) => volume.update({ state: 'open' })),
  rewrap: onVolume((volume) => volume.rewrap(wrapped(8))),
  rewrapAll: onVolume((volume) =>
    volume.rewrapAll([0, 1].map((generation) => ({ generation, wrappedKey: wrapped(9) }))),
  ),
  addDataKey: onVolume((volume) => volume.addDataKey(wrapped(2), keyOf(2))),
  dropDataKeys: onVolume((volume) => volume.dropDataKeys(() => false)),
  sealedFile: async (disk, begin) => {
    begin();
    const file = await SealedFile.open(disk, '/v/sealed', keyOf(0), 'name');
    await file.part(0);
    await file.close();
  },
};

async function prepared(): Promise<SimDisk> {
  const disk = new SimDisk(new SeededRandom(1));
  const booted = disk.boot();
  await Volume.format(booted, '/v', newVolume, keyOf(0));
  const volume = await Volume.open(booted, '/v', keyOf(0));
  await volume.addDataKey(wrapped(1), keyOf(1));
  await volume.close();
  const sealed = sealFile(keyOf(0), 'name', [Buffer.from('part')], systemRandom);
  await booted.replace('/v/sealed', sealed);
  return disk;
}

test('no error of the operating system leaves the storage: each names the file and the remedy', async () => {
  const start = await prepared();
  for (const [name, call] of Object.entries(calls)) {
    let failedCount = 0;
    for (const operation of operations) {
      for (let at = 0, wasHit = true; wasHit; at++) {
        const disk = start.clone(new SeededRandom(1));
        const begin = () => {
          let left = at;
          disk.fault = (asked) => (asked === operation && left-- === 0 ? 'EIO' : undefined);
        };
        wasHit = false;
        await call(disk.boot(), begin).catch((error: unknown) => {
          wasHit = true;
          const where = `${name}, ${operation} ${at}: ${String(error)}`;
          assert.ok(error instanceof StorageError && error.code === 'disk-failed', where);
          assert.match(error.message, /\/[vw]\b.* failed: EIO: .*look at the kernel log/, where);
        });
        if (wasHit) failedCount++;
      }
    }
    assert.ok(failedCount > 0, `${name} never failed`);
  }
});

test('an error of an open file is reported with its name', () => {
  const cause = Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO', path: '/v/seg-1' });
  const { message } = diskFailed('reading', cause);
  const remedy = 'the disk failed; look at the kernel log';
  assert.equal(message, `reading failed: EIO: i/o error, read /v/seg-1; ${remedy}`);
});

test('files of a frozen position that cannot be read are reported by name', async () => {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', newVolume, keyOf(0));
  const life = await QueueVolume.open(disk, '/v', keyOf(0));
  life.declare(1);
  await life.synced();
  const frozen = await life.log.freeze();
  disk.fail('read', 'EIO', 1, /seg-/);
  const copy = async () => {
    for (const file of frozen.files) for await (const _ of frozen.read(file));
  };
  await assert.rejects(copy(), { code: 'disk-failed', message: /^reading \/v\/seg-1 failed: EIO/ });
  frozen.release();
  await life.close();
});

test('a log fails if the disk fails while its data keys change', async () => {
  for (const change of ['add', 'drop'] as const) {
    const disk = new MemoryDisk();
    await Volume.format(disk, '/v', newVolume, keyOf(0));
    const life = await QueueVolume.open(disk, '/v', keyOf(0));
    life.declare(1);
    life.publish([1], 'one');
    await life.synced();
    const { dataKeys } = life.log;
    if (change === 'drop') {
      await dataKeys.add(wrapped(1), keyOf(1));
      await life.synced();
      life.settle(1, 0);
      await life.synced();
    }
    disk.fail('replace', 'EIO', 1000, /volume/);
    const changed = async () => {
      if (change === 'add') await dataKeys.add(wrapped(1), keyOf(1));
      // The key can be dropped once nothing needs it.
      else for (;;) await dropOnce(life);
    };
    const failure = {
      code: 'disk-failed',
      message: /volume failed: EIO.*; the disk failed; look at the kernel log/,
    };
    await assert.rejects(changed(), failure, change);
    await assert.rejects(dataKeys.add(wrapped(2), keyOf(2)), failure);
    await assert.rejects(life.synced(), failure);
    await assert.rejects(life.close(), failure);
  }
});

async function dropOnce(life: QueueVolume): Promise<void> {
  await life.log.dataKeys.drop();
  life.declare(1);
  await life.synced();
  await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a full disk refuses another data key, and the log goes on', async () => {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', newVolume, keyOf(0));
  const life = await QueueVolume.open(disk, '/v', keyOf(0));
  life.declare(1);
  await life.synced();
  disk.fail('replace', 'ENOSPC', 1, /volume/);
  await assert.rejects(life.log.dataKeys.add(wrapped(1), keyOf(1)), {
    code: 'disk-failed',
    message: /^writing \/v\/volume failed: ENOSPC.*; free space on the disk$/,
  });
  life.publish([1], 'one');
  await life.synced();
  assert.equal(await life.log.dataKeys.add(wrapped(2), keyOf(2)), 1);
  life.publish([1], 'two');
  await life.close();
  const older = new Map([[0, keyOf(0)]]);
  const next = await QueueVolume.open(disk, '/v', { newest: keyOf(2), older });
  assert.deepEqual(await next.bodies(1), ['one', 'two']);
  await next.close();
});
