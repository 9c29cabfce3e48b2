import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import type { DiskFile, DoneCallback } from '../disk.ts';
import { olderGenerationsMax } from '../volume/header.ts';
import { type DataKeys, readVolumeHeader, Volume } from '../volume.ts';

const keyOf = (generation: number) => keyFromBytes(Buffer.alloc(32, 7 + generation));
const wrapped = (generation: number) => Buffer.from(`wrapped ${generation}`);
const keysOf = (newest: number, ...older: number[]): DataKeys => ({
  newest: keyOf(newest),
  older: new Map(older.map((generation) => [generation, keyOf(generation)])),
});

async function formatted(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: wrapped(0) } as const;
  await Volume.format(disk, '/v', volume, keyOf(0));
  return disk;
}

/** The generations that the header lists, newest first. */
async function listed(disk: MemoryDisk): Promise<number[]> {
  const { generation, olderKeys } = await readVolumeHeader(disk, '/v');
  return [generation, ...olderKeys.map((each) => each.generation).reverse()];
}

/** The generations that the segments of a volume say. */
function sealed(disk: MemoryDisk): Map<string, number> {
  const names = disk.names.filter((name) => name.startsWith('/v/seg-'));
  return new Map(names.map((name) => [name, disk.bytes(name).readUInt32BE(12)]));
}

/** Waits until asked-for data keys have been dropped: marks are written a little later. */
async function dropped(life: QueueVolume): Promise<readonly number[]> {
  for (;;) {
    const generations = await life.log.dataKeys.drop();
    if (generations.length > 0) return generations;
    life.publish([1], 'more');
    await life.synced();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a running volume switches to a new data key and drops the old one once it is unused', async () => {
  const disk = await formatted();
  const life = await QueueVolume.open(disk, '/v', keyOf(0));
  life.declare(1);
  life.publish([1], 'old');
  await life.synced();
  assert.equal(await life.log.dataKeys.add(wrapped(1), keyOf(1)), 1);
  assert.deepEqual(await listed(disk), [1, 0]);
  life.publish([1], 'new');
  await life.synced();
  assert.deepEqual([...new Set(sealed(disk).values())].sort(), [0, 1]);
  assert.deepEqual(await life.log.dataKeys.drop(), []);
  await life.close();
  assert.equal((await checkVolume(disk, '/v', keysOf(1, 0))).isClosed, true);

  const next = await QueueVolume.open(disk, '/v', keysOf(1, 0));
  assert.deepEqual(await next.bodies(1), ['old', 'new']);
  next.settle(1, 0);
  assert.deepEqual(await dropped(next), [0]);
  assert.deepEqual(await listed(disk), [1]);
  await next.close();
  assert.ok([...sealed(disk).values()].every((generation) => generation === 1));
  assert.equal((await checkVolume(disk, '/v', keyOf(1))).isClosed, true);
  const last = await QueueVolume.open(disk, '/v', keyOf(1));
  assert.equal((await last.bodies(1))[0], 'new');
  await last.close();
});

/** A disk on which the writes of a compaction wait. */
class HoldingDisk extends MemoryDisk {
  held: (() => void)[] = [];
  isHolding = true;

  override async open(name: string): Promise<DiskFile> {
    const file = await super.open(name);
    if (!name.includes('compact-')) return file;
    const write = file.writeThrough.bind(file);
    file.writeThrough = (offset: number, chunks: readonly Uint8Array[], done: DoneCallback) => {
      const begin = () => write(offset, chunks, done);
      if (this.isHolding) this.held.push(begin);
      else begin();
    };
    return file;
  }

  letGo(): void {
    this.isHolding = false;
    for (const begin of this.held.splice(0)) begin();
  }
}

test('a data key is kept while a compacted segment is written with it', async () => {
  const disk = new HoldingDisk();
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: wrapped(0) } as const;
  await Volume.format(disk, '/v', volume, keyOf(0));
  const compaction = { lookMs: 1, looksMin: 1, share: 1 };
  const life = await QueueVolume.open(disk, '/v', keyOf(0), { segmentBytes: 65_536, compaction });
  life.declare(1);
  const kept: string[] = [];
  for (let i = 0; i < 800; i++) {
    const body = `${i} `.padEnd(900, 'x');
    life.publish([1], body);
    if (i % 100 === 0) kept.push(body);
    if (i % 20 === 19) await life.synced();
  }
  // The segments that are compacted are under the first key, the compacted one under the second.
  await life.log.dataKeys.add(wrapped(1), keyOf(1));
  await life.synced();
  for (let i = 0; i < 800; i++) if (i % 100 !== 0) life.settle(1, i);
  await life.synced();
  while (disk.held.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  await life.log.dataKeys.add(wrapped(2), keyOf(2));
  for (let round = 0; round < 20; round++) {
    await life.log.dataKeys.drop();
    life.declare(1);
    await life.synced();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.ok((await listed(disk)).includes(1));
  disk.letGo();
  await life.close();
  const again = await QueueVolume.open(disk, '/v', keysOf(2, 0, 1));
  assert.deepEqual(await again.bodies(1), kept);
  await again.close();
});

test('a volume is rejected if a listed data key is missing or replaced by another', async () => {
  const disk = await formatted();
  const life = await QueueVolume.open(disk, '/v', keyOf(0));
  life.declare(1);
  life.publish([1], 'old');
  await life.synced();
  await life.log.dataKeys.add(wrapped(1), keyOf(1));
  await life.close();
  const missing = { code: 'wrong-key', message: '/v/volume lists data key 0, which is missing' };
  await assert.rejects(checkVolume(disk, '/v', keyOf(1)), missing);
  await assert.rejects(checkVolume(disk, '/v', keysOf(0, 1)), { code: 'wrong-key' });
  const wrong = { newest: keyOf(1), older: new Map([[0, keyOf(5)]]) };
  await assert.rejects(checkVolume(disk, '/v', wrong), {
    code: 'volume-damaged',
    message: /mark|seg-1/,
  });
});

test('the data keys of a closed log cannot be changed', async () => {
  const disk = await formatted();
  const life = await QueueVolume.open(disk, '/v', keyOf(0));
  await life.close();
  const closed = { code: 'log-failed', message: 'the log is closed' };
  await assert.rejects(life.log.dataKeys.add(wrapped(1), keyOf(1)), closed);
  await assert.rejects(life.log.dataKeys.drop(), closed);
  assert.deepEqual(await listed(disk), [0]);
});

test('a header lists a limited number of data keys, and each can be rewrapped', async () => {
  const disk = await formatted();
  const volume = await Volume.open(disk, '/v', keyOf(0));
  for (let generation = 1; generation <= olderGenerationsMax; generation++) {
    await volume.addDataKey(wrapped(generation), keyOf(generation));
  }
  const { generation } = volume.header;
  await assert.rejects(volume.addDataKey(wrapped(7), keyOf(7)), {
    code: 'key-invalid',
    message: /lists 6 older data keys: no more are allowed/,
  });
  await assert.rejects(volume.rewrap(Buffer.alloc(8193)), { code: 'key-invalid', message: /8193/ });
  await assert.rejects(volume.rewrap(Buffer.alloc(1), 9), { code: 'key-invalid' });
  await volume.rewrap(Buffer.from('anew'), 2);
  await volume.rewrap(Buffer.alloc(8192, 1));
  const header = await readVolumeHeader(disk, '/v');
  assert.equal(header.generation, generation);
  assert.equal(header.rewrapCount, 2);
  assert.equal(header.olderKeys[2]?.wrappedKey.toString(), 'anew');
  assert.deepEqual(await volume.dropDataKeys((each) => each === 2), [0, 1, 3, 4, 5]);
  assert.deepEqual(await listed(disk), [6, 2]);
  await volume.close();
  await (await Volume.open(disk, '/v', keysOf(6, 2))).close();
});

const quick = { lookMs: 1, looksMin: 1, share: 1 };

/** Publishes messages that fill segments, all of which stay live. */
async function fill(life: QueueVolume, count: number): Promise<string[]> {
  const bodies: string[] = [];
  for (let i = 0; i < count; i++) {
    bodies.push(`${i} `.padEnd(3000, 'x'));
    life.publish([1], bodies.at(-1) ?? '');
    if (i % 8 === 7 || i === count - 1) await life.synced();
  }
  return bodies;
}

async function until(isMet: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; !(await isMet()); turns++) {
    assert.ok(turns < 5000, 'waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('live messages of full segments are sealed again, and the older data key is dropped', async () => {
  const disk = await formatted();
  let resealedCount = 0;
  const onResealed = () => {
    resealedCount++;
  };
  const options = { segmentBytes: 65_536, compaction: quick, onResealed };
  const life = await QueueVolume.open(disk, '/v', keyOf(0), options);
  life.declare(1);
  const bodies = await fill(life, 100);
  await life.log.dataKeys.add(wrapped(1), keyOf(1));
  const { olderBytes, totalBytes, ...generations } = life.log.dataKeys.state;
  assert.deepEqual(generations, { generation: 1, olderGenerations: [0] });
  assert.ok(olderBytes > 300_000 && totalBytes >= olderBytes, `${olderBytes} of ${totalBytes}`);
  life.log.dataKeys.reseal();
  await until(() => resealedCount > 0);
  assert.equal(life.log.dataKeys.state.olderBytes, 0);
  assert.deepEqual(await listed(disk), [1]);
  assert.deepEqual(await life.bodies(1), bodies);
  await life.close();
  assert.equal(resealedCount, 1);
  // No file is left that the older key opens.
  assert.ok([...sealed(disk).values()].every((generation) => generation === 1));
  assert.equal((await checkVolume(disk, '/v', keyOf(1))).isClosed, true);
  const again = await QueueVolume.open(disk, '/v', keyOf(1));
  assert.deepEqual(await again.bodies(1), bodies);
  await again.close();
});

test('sealing again continues after a crash, and after another data key was added', async () => {
  const disk = await formatted();
  const options = { segmentBytes: 65_536, compaction: quick };
  const life = await QueueVolume.open(disk, '/v', keyOf(0), options);
  life.declare(1);
  const bodies = await fill(life, 200);
  await life.log.dataKeys.add(wrapped(1), keyOf(1));
  const before = life.log.dataKeys.state.olderBytes;
  life.log.dataKeys.reseal();
  await until(() => life.log.dataKeys.state.olderBytes < before);
  const left = disk.copy();
  await life.close();
  assert.deepEqual(await listed(left), [1, 0]);

  const next = await QueueVolume.open(left, '/v', keysOf(1, 0), options);
  assert.deepEqual(await next.bodies(1), bodies);
  next.log.dataKeys.reseal();
  await next.log.dataKeys.add(wrapped(2), keyOf(2));
  next.log.dataKeys.reseal();
  await until(async () => (await listed(left)).length === 1);
  assert.deepEqual(await next.bodies(1), bodies);
  await next.close();
  const last = await QueueVolume.open(left, '/v', keyOf(2));
  assert.deepEqual(await last.bodies(1), bodies);
  await last.close();
});

test('messages are published, settled and delivered while data is sealed again', async () => {
  const disk = await formatted();
  const options = { segmentBytes: 65_536, compaction: quick };
  const life = await QueueVolume.open(disk, '/v', keyOf(0), options);
  life.declare(1);
  const bodies = await fill(life, 100);
  await life.log.dataKeys.add(wrapped(1), keyOf(1));
  life.log.dataKeys.reseal();
  for (let i = 0; i < 50; i++) {
    life.settle(1, i * 2);
    life.publish([1], `later ${i}`);
    await life.synced();
  }
  const expected = [
    ...bodies.filter((_, i) => i % 2 === 1),
    ...Array.from({ length: 50 }, (_, i) => `later ${i}`),
  ];
  await until(async () => (await listed(disk)).length === 1);
  assert.deepEqual(await life.bodies(1), expected);
  await life.close();
  await checkVolume(disk, '/v', keyOf(1));
});

test('all wrapped keys are replaced by one change, which must name each of them', async () => {
  const disk = await formatted();
  const volume = await Volume.open(disk, '/v', keyOf(0));
  await volume.addDataKey(wrapped(1), keyOf(1));
  const anew = (generation: number) => ({
    generation,
    wrappedKey: Buffer.from(`anew ${generation}`),
  });
  for (const wrong of [[], [anew(1)], [anew(0), anew(2)], [anew(0), anew(1), anew(2)]]) {
    await assert.rejects(volume.rewrapAll(wrong), { code: 'key-invalid' });
  }
  await volume.rewrapAll([anew(1), anew(0)]);
  const { wrappedKey, olderKeys, rewrapCount } = await readVolumeHeader(disk, '/v');
  assert.equal(wrappedKey.toString(), 'anew 1');
  assert.deepEqual(olderKeys, [anew(0)]);
  assert.equal(rewrapCount, 1);
  await volume.close();
});
