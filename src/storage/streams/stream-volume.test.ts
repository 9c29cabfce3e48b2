import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import type { LogOptions } from '../log-owner.ts';
import { proveRecord } from '../record-shapes.ts';
import { Volume } from '../volume.ts';

const folder = '/v';
const keyOf = (generation: number) => keyFromBytes(Buffer.alloc(32, 7 + generation));
const compaction = { lookMs: 1, looksMin: 1, share: 1 };
const segmentBytes = 64 * 1024;

/** A volume with queue 1 and stream 2. */
async function opened(disk: MemoryDisk, options: Partial<LogOptions> = {}): Promise<QueueVolume> {
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(disk, folder, volume, keyOf(0));
  const life = await QueueVolume.open(disk, folder, keyOf(0), { segmentBytes, ...options });
  life.declare(1);
  life.declareStream(2, 20_000);
  await life.synced();
  return life;
}

const bodyOf = (i: number) => `canary ${i} `.padEnd(300, 'x');
const sizeOf = (disk: MemoryDisk) =>
  disk.names
    .filter((name) => /(seg|compact)-/.test(name))
    .reduce((sum, name) => sum + disk.bytes(name).length, 0);

async function until(isMet: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !isMet(); turns++) {
    assert.ok(turns < 20_000, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test('messages that were synced one by one are joined in dense blocks, with few runs', async () => {
  const disk = new MemoryDisk();
  const life = await opened(disk, { compaction });
  const bodies = Array.from({ length: 600 }, (_, i) => bodyOf(i));
  const stream = life.stream(2);
  stream.segmentBytesMax = 1e9;
  for (const body of bodies) {
    life.publish([2], body);
    await life.synced();
  }
  const runs = () => [...stream.runs(0)].length;
  await until(() => {
    life.log.reclaim(false);
    return runs() < 60;
  }, 'few runs');
  assert.deepEqual(await life.bodies(2), bodies);
  await life.close();
  await checkVolume(disk, folder, keyOf(0), () => {}, { found: proveRecord });
  for (const name of disk.names) assert.equal(disk.bytes(name).indexOf('canary'), -1, name);
  const next = await QueueVolume.open(disk, folder, keyOf(0), { segmentBytes });
  assert.deepEqual(await next.bodies(2), bodies);
  await next.close();
});

test('the disk space of removed segments is released', async () => {
  const disk = new MemoryDisk();
  const life = await opened(disk, { compaction, isRecycling: false });
  const stream = life.stream(2);
  for (let i = 0; i < 4000; i++) {
    life.publish(i % 50 === 0 ? [1, 2] : [2], bodyOf(i));
    if (i % 40 === 39) await life.synced();
    const to = stream.excessEnd(100_000, 0);
    if (to >= 0) life.store.truncate(stream, to);
  }
  await life.synced();
  const live = stream.bytes + life.numbers(1).length * 400;
  await until(() => {
    life.log.reclaim(false);
    return sizeOf(disk) < live * 2 + segmentBytes * 3;
  }, 'released space');
  const kept = Array.from({ length: stream.count }, (_, i) => bodyOf(stream.first + i));
  assert.deepEqual(await life.bodies(2), kept);
  assert.equal((await life.bodies(1)).length, 80);
  await life.close();
  await checkVolume(disk, folder, keyOf(0), () => {}, { found: proveRecord });
});

test('a stream is sealed again under another data key', async () => {
  const disk = new MemoryDisk();
  let isResealed = false;
  const life = await opened(disk, {
    compaction,
    onResealed: () => {
      isResealed = true;
    },
  });
  const bodies = Array.from({ length: 1000 }, (_, i) => bodyOf(i));
  for (const [i, body] of bodies.entries()) {
    life.publish([2], body);
    if (i % 40 === 39) await life.synced();
  }
  await life.synced();
  await life.log.dataKeys.add(Buffer.from('another'), keyOf(1));
  life.log.dataKeys.reseal();
  await until(() => {
    life.publish([1], 'more');
    life.log.sync();
    return isResealed;
  }, 'the end of resealing');
  assert.deepEqual(await life.bodies(2), bodies);
  await life.close();
  await checkVolume(disk, folder, keyOf(1), () => {}, { found: proveRecord });
  const next = await QueueVolume.open(disk, folder, keyOf(1), { segmentBytes });
  assert.deepEqual(await next.bodies(2), bodies);
  await next.close();
});
