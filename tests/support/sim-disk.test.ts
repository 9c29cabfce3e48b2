import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DiskFile } from '../../src/storage/disk.ts';
import { SeededRandom } from './seeded-random.ts';
import { SimDisk } from './sim-disk.ts';

const write = (file: DiskFile, offset: number, bytes: Buffer) =>
  new Promise<NodeJS.ErrnoException | null>((resolve) => file.write(offset, [bytes], resolve));
const sync = (file: DiskFile) =>
  new Promise<NodeJS.ErrnoException | null>((resolve) => file.sync(resolve));

/** The contents of a half-synced file after a power failure, for many seeds. */
async function leftovers(): Promise<(Buffer | undefined)[]> {
  const found: (Buffer | undefined)[] = [];
  for (let seed = 1; seed <= 300; seed++) {
    const sim = new SimDisk(new SeededRandom(seed));
    const disk = sim.boot();
    const file = await disk.create('/d/f');
    await write(file, 0, Buffer.alloc(4096, 1));
    await sync(file);
    if (seed % 2 === 0) await disk.syncFolder('/d');
    await write(file, 4096, Buffer.alloc(4096, 2));
    sim.cutPower();
    const isThere = sim.list('/d').includes('f');
    found.push(isThere ? sim.file('/d/f').read(0, 10_000) : undefined);
  }
  return found;
}

test('synced data survives a power cut, and any part of unsynced data may survive', async () => {
  const all = await leftovers();
  // A name that was not synced may be lost with all that its file held.
  assert.ok(all.every((left, i) => left !== undefined || i % 2 === 0));
  assert.ok(all.some((left) => left === undefined));
  const there = all.filter((left) => left !== undefined);
  assert.ok(there.every((left) => left.subarray(0, 4096).equals(Buffer.alloc(4096, 1))));
  const kept = there.map((left) => left.subarray(4096));
  assert.ok(kept.some((rest) => rest.length === 0));
  assert.ok(kept.some((rest) => rest.equals(Buffer.alloc(4096, 2))));
  assert.ok(kept.some((rest) => rest.length === 4096 && rest[0] !== 2 && rest[4095] === 2));
  assert.ok(kept.some((rest) => rest.length < 4096 && rest.length > 0 && rest[0] === 2));
});

test('a write of one sector survives a power cut completely or not at all', async () => {
  const found = new Set<number>();
  for (let seed = 1; seed <= 600; seed++) {
    const sim = new SimDisk(new SeededRandom(seed));
    const disk = sim.boot();
    const file = await disk.create('/d/f');
    await disk.syncFolder('/d');
    await write(file, 0, Buffer.alloc(512, 1));
    await sync(file);
    for (const fill of [2, 3]) await write(file, 0, Buffer.alloc(512, fill));
    sim.cutPower();
    const left = sim.file('/d/f').read(0, 10_000);
    assert.equal(left.length, 512);
    assert.ok(left.every((byte) => byte === left[0]));
    found.add(left[0] ?? 0);
  }
  assert.deepEqual([...found].sort(), [1, 2, 3]);
});

test('no call of a process is answered after a power cut', async () => {
  const sim = new SimDisk(new SeededRandom(1));
  const disk = sim.boot();
  const file = await disk.create('/d/f');
  let answers = 0;
  sim.cutAt = sim.changeCount + 1;
  void write(file, 0, Buffer.alloc(10)).then(() => answers++);
  void disk.list('/d').then(() => answers++);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  sim.boot();
  void disk.syncFolder('/d').then(() => answers++);
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answers, 0);
  assert.ok(sim.changeCount > 1);
});

test('a full disk accepts a partial write and reports ENOSPC, and accepts all once it has space', async () => {
  const sim = new SimDisk(new SeededRandom(3));
  const disk = sim.boot();
  const file = await disk.create('/d/f');
  sim.capacityBytes = 1000;
  assert.equal((await write(file, 0, Buffer.alloc(5000, 1)))?.code, 'ENOSPC');
  assert.ok(file.sizeBytes <= 1000);
  sim.capacityBytes = 6000;
  assert.equal(await write(file, 0, Buffer.alloc(5000, 1)), null);
  assert.equal(await disk.freeBytes('/d'), 1000);
});

test('a failing operation reports an error, and reads return what was written before', async () => {
  const sim = new SimDisk(new SeededRandom(4));
  const disk = sim.boot();
  const file = await disk.create('/d/f');
  await write(file, 0, Buffer.from('abc'));
  sim.fault = (operation) => (operation === 'sync' ? 'EIO' : undefined);
  assert.equal((await sync(file))?.code, 'EIO');
  assert.equal((await file.read(1, 9)).toString(), 'bc');
  sim.file('/d/f').flip(0);
  assert.equal((await file.read(0, 1)).toString(), '`');
  await assert.rejects(disk.create('/d/f'), { code: 'EEXIST' });
  await assert.rejects(disk.open('/d/g'), { code: 'ENOENT' });
});
