import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import type { DiskFile, DoneCallback } from '../disk.ts';
import type { StorageError } from '../errors.ts';
import { Volume } from '../volume.ts';
import { DurableWatermark, readWatermark } from './durable-watermark.ts';

const dataKey = () => keyFromBytes(Buffer.alloc(32, 7));

/** A disk that lists what is done with the mark, and can keep a write waiting. */
class WatchedDisk extends MemoryDisk {
  readonly done: string[] = [];
  held: (() => void) | undefined;
  isHolding = false;

  override async open(name: string): Promise<DiskFile> {
    const file = await super.open(name);
    if (!name.endsWith('/mark')) return file;
    const write = file.write.bind(file);
    const sync = file.sync.bind(file);
    file.write = (offset: number, chunks: readonly Uint8Array[], done: DoneCallback) => {
      this.done.push(`write ${offset}`);
      const begin = () => write(offset, chunks, done);
      if (this.isHolding) this.held = begin;
      else begin();
    };
    file.sync = (done: DoneCallback) => {
      this.done.push('sync');
      sync(done);
    };
    return file;
  }
}

async function openVolume(disk: MemoryDisk): Promise<Volume> {
  const wrappedKey = Buffer.from('wrapped');
  await Volume.format(disk, '/v', { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey());
  return Volume.open(disk, '/v', dataKey());
}

const turns = async () => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
};

const at = (blocks: number) => ({ segment: 3, blocks });

/** Runs something with a mark of mount 5 that has begun, whose timers run only when they are moved. */
async function withMark(
  life: (
    mark: DurableWatermark,
    disk: WatchedDisk,
    volume: Volume,
    pass: (ms: number) => Promise<void>,
    failures: StorageError[],
  ) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const disk = new WatchedDisk();
  const volume = await openVolume(disk);
  const failures: StorageError[] = [];
  const mark = new DurableWatermark(volume, (error) => failures.push(error), clock);
  await mark.begin(5, at(0));
  const pass = async (ms: number) => {
    clock.advance(ms);
    await turns();
  };
  await life(mark, disk, volume, pass, failures);
}

test('the mark follows the log after 100 ms and is not synced while updates continue', async () => {
  await withMark(async (mark, disk, volume, pass) => {
    assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(0) });
    mark.advance(at(1));
    mark.advance(at(2));
    await pass(99);
    assert.deepEqual(disk.done, []);
    await pass(1);
    assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(2) });
    for (let i = 3; i < 12; i++) {
      mark.advance(at(i));
      await pass(100);
      assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(i) });
    }
    assert.deepEqual(disk.done, Array(10).fill('write 0'));
    assert.equal(disk.bytes('/v/mark').length, 512);
  });
});

test('the mark is synced once when the log is idle, and follows again afterwards', async () => {
  await withMark(async (mark, disk, volume, pass) => {
    for (const blocks of [7, 8]) {
      disk.done.length = 0;
      mark.advance(at(blocks));
      for (let i = 0; i < 4; i++) await pass(100);
      assert.deepEqual(disk.done, ['write 0']);
      for (let i = 0; i < 20; i++) await pass(100);
      assert.deepEqual(disk.done, ['write 0', 'write 0', 'sync']);
    }
    assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(8) });
  });
});

test('progress made while a mark is written is included in the next mark', async () => {
  await withMark(async (mark, disk, volume, pass) => {
    mark.advance(at(1));
    disk.isHolding = true;
    await pass(100);
    mark.advance(at(2));
    await pass(1000);
    assert.deepEqual(disk.done, ['write 0']);
    disk.isHolding = false;
    disk.held?.();
    await turns();
    assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(1) });
    await pass(100);
    assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(2) });
  });
});

for (const operation of ['write', 'sync'] as const) {
  test(`a mark whose ${operation} hits a full disk is written and synced later`, async () => {
    await withMark(async (mark, disk, volume, pass, failures) => {
      disk.fail(operation, 'ENOSPC', 3);
      mark.advance(at(4));
      for (let i = 0; i < 20; i++) await pass(100);
      const syncs = disk.done.filter((what) => what === 'sync');
      assert.equal(syncs.length, operation === 'sync' ? 4 : 1);
      assert.equal(disk.done.at(-1), 'sync');
      assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(4) });
      assert.deepEqual(failures, []);
    });
  });

  test(`a mark whose ${operation} fails otherwise fails the log and is no longer written`, async () => {
    await withMark(async (mark, disk, _volume, pass, failures) => {
      disk.fail(operation, 'EIO');
      mark.advance(at(4));
      for (let i = 0; i < 6; i++) await pass(100);
      assert.deepEqual(
        failures.map(({ code }) => code),
        ['disk-failed'],
      );
      assert.match(failures[0]?.message ?? '', /writing mark failed: EIO/);
      disk.done.length = 0;
      mark.advance(at(5));
      for (let i = 0; i < 6; i++) await pass(100);
      assert.deepEqual(disk.done, []);
    });
  });
}

test('closing a mark waits for the current write and prevents further writes', async () => {
  await withMark(async (mark, disk, volume, pass) => {
    mark.advance(at(1));
    disk.isHolding = true;
    await pass(100);
    let isClosed = false;
    const closed = mark.close().then(() => {
      isClosed = true;
    });
    await turns();
    assert.equal(isClosed, false);
    disk.held?.();
    await closed;
    assert.deepEqual(await readWatermark(volume), { generation: 0, epoch: 5, ...at(1) });
    mark.advance(at(2));
    await pass(1000);
    assert.deepEqual(disk.done, ['write 0']);
  });
});

test('every changed bit and every wrong length of a mark is detected', async () => {
  await withMark(async (_mark, disk, volume) => {
    const bytes = Buffer.from(disk.bytes('/v/mark'));
    const wrong: Buffer[] = [bytes.subarray(0, 511), Buffer.concat([bytes], 513), Buffer.alloc(0)];
    for (let bit = 0; bit < 512 * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      wrong.push(changed);
    }
    for (const each of wrong) {
      disk.put('/v/mark', each);
      await assert.rejects(readWatermark(volume), {
        code: 'volume-damaged',
        message: /\/v\/mark /,
      });
    }
  });
});

test('a mark may be missing only if the volume was never mounted or has format 1', async () => {
  const disk = new MemoryDisk();
  const volume = await openVolume(disk);
  assert.equal(await readWatermark(volume), undefined);
  for (const state of ['open', 'closed'] as const) {
    await volume.update({ format: 2, state });
    await assert.rejects(readWatermark(volume), {
      code: 'volume-damaged',
      message: '/v/mark is missing',
    });
    await volume.update({ format: 1 });
    assert.equal(await readWatermark(volume), undefined);
  }
});

test('the mark of another volume is rejected', async () => {
  await withMark(async (_mark, disk) => {
    const other = new MemoryDisk();
    const { header } = await openVolume(other);
    await Volume.format(other, '/w', header, keyFromBytes(Buffer.alloc(32, 8)));
    const volume = await Volume.open(other, '/w', keyFromBytes(Buffer.alloc(32, 8)));
    other.put('/w/mark', disk.bytes('/v/mark'));
    await assert.rejects(readWatermark(volume), { code: 'volume-damaged' });
  });
});
