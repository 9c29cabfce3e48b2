import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { Log } from './log.ts';
import type { LogOptions, LogOwner } from './log-owner.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';
import { Volume } from './volume.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 7));

/** Keeps the blocks of what it appended until it drops them, and knows nothing after recovery. */
class Holder implements LogOwner {
  #held: number[] = [];
  #log: RecordLog | undefined = undefined;
  #waiting: { group: number; resolve: () => void }[] = [];

  attach(log: RecordLog): void {
    this.#log = log;
  }
  replay(block: RecordBlock, type: number): void {
    if (type === 1) this.#hold(block.slot);
  }
  *checkpoint(): Generator<undefined> {}
  readonly changedBytes = 0;
  changes(): void {}
  begun(): void {}
  index(): void {}
  durable(group: number): void {
    for (const { resolve } of this.#waiting.filter((each) => each.group <= group)) resolve();
  }
  #hold(slot: number): void {
    this.#log?.retain(slot);
    this.#held.push(slot);
  }
  /** Appends this many bytes, synced. */
  async add(sizeBytes: number): Promise<void> {
    const log = this.#log;
    assert.ok(log);
    for (let left = sizeBytes; left > 0; left -= 10_000) this.#hold(log.reserve(1, 10_000).slot);
    const group = log.openGroup;
    log.sync();
    await new Promise<void>((resolve) => this.#waiting.push({ group, resolve }));
  }
  drop(): void {
    for (const slot of this.#held.splice(0)) this.#log?.release(slot);
  }
}

async function open(disk: MemoryDisk, options: Partial<LogOptions> = {}) {
  const volume = await Volume.open(disk, folder, dataKey);
  const holder = new Holder();
  const log = await Log.open(volume, holder, {
    onDurable: (group) => holder.durable(group),
    onFailed: (error) => {
      throw error;
    },
    segmentBytes: 4 * 1024 * 1024,
    ...options,
  });
  return {
    log,
    holder,
    close: async () => {
      await log.close();
      await volume.close();
    },
  };
}

async function newDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(disk, folder, volume, dataKey);
  return disk;
}

const sizeOf = (disk: MemoryDisk) =>
  disk.names.reduce((sum, name) => sum + disk.bytes(name).length, 0);

test('reclaim ends a segment that has no live records', async () => {
  const disk = await newDisk();
  const { log, holder, close } = await open(disk);
  await holder.add(2_000_000);
  await holder.add(100);
  log.reclaim();
  await holder.add(100);
  assert.ok(sizeOf(disk) > 2_000_000, 'what is wanted stays');
  holder.drop();
  log.reclaim();
  await holder.add(100);
  log.reclaim(); // the file that was kept to be written again
  await holder.add(100);
  assert.ok(sizeOf(disk) < 1_500_000, `${sizeOf(disk)} bytes are left`);
  await close();
});

test('recovery reports how many of the older segments it has read', async () => {
  const disk = await newDisk();
  const first = await open(disk, { segmentBytes: 100_000 });
  for (let i = 0; i < 5; i++) await first.holder.add(200_000);
  await first.close();
  const told: [number, number][] = [];
  const second = await open(disk, { onRecovering: (...how) => told.push(how) });
  const [[, total] = [0, 0]] = told;
  assert.ok(total >= 4, `${total} segments`);
  assert.deepEqual(
    told,
    Array.from({ length: total }, (_, i) => [i + 1, total]),
  );
  await second.close();
});
