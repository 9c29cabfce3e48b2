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
const dataKey = keyFromBytes(Buffer.alloc(32, 7));
const segmentBytes = 64 * 1024;
const compaction = { lookMs: 1, looksMin: 1, share: 1 };
/** Segments are not compacted by themselves. */
const never = { lookMs: 1e9 };

async function newDisk(): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(disk, folder, volume, dataKey);
  return disk;
}

const open = (disk: MemoryDisk, options: Partial<LogOptions> = {}) =>
  QueueVolume.open(disk, folder, dataKey, { segmentBytes, cacheBytes: 0, compaction, ...options });

const check = (disk: MemoryDisk) =>
  checkVolume(disk, folder, dataKey, () => {}, { found: proveRecord });

const sizeOf = (disk: MemoryDisk) =>
  disk.names
    .filter((name) => /(seg|compact)-/.test(name))
    .reduce((sum, name) => sum + disk.bytes(name).length, 0);

const compactedFiles = (disk: MemoryDisk) => disk.names.filter((name) => name.includes('compact-'));

/** Waits for a condition, turn by turn. */
async function until(isMet: () => boolean, what: string): Promise<void> {
  for (let turns = 0; !isMet(); turns++) {
    assert.ok(turns < 20_000, `waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits until what was appended is synced. */
async function synced(queues: QueueVolume): Promise<void> {
  queues.declare(1);
  await queues.synced();
}

const bodyOf = (queue: number, i: number) => `${queue}:${i} `.padEnd(900, 'x');

/** Fills segments with messages of a busy queue, which are settled, and a few of a slow one. */
async function churn(queues: QueueVolume, rounds: number): Promise<string[]> {
  const kept: string[] = [];
  const busy = queues.window(1);
  for (let i = 0; i < rounds; i++) {
    queues.publish([1], bodyOf(1, i));
    if (i % 100 === 0) {
      queues.publish([2], bodyOf(2, i));
      kept.push(bodyOf(2, i));
    }
    if (i % 20 === 19) await synced(queues);
  }
  await synced(queues);
  for (let s = busy.liveFrom(0); s < busy.next; s = busy.liveFrom(s + 1)) queues.settle(1, s);
  await synced(queues);
  return kept;
}

test('live messages of many segments are compacted together, and the segments are deleted', async () => {
  const disk = await newDisk();
  let written = 0;
  let released = 0;
  const queues = await open(disk, {
    onCompacted: (bytes, count) => {
      written += bytes;
      released += count;
    },
  });
  queues.declare(1);
  queues.declare(2);
  const kept = await churn(queues, 1500);
  await until(() => sizeOf(disk) < 3 * segmentBytes, `${sizeOf(disk)} bytes are left`);
  await until(() => written > 0, 'a report');
  assert.ok(released >= 10 && written < 2 * segmentBytes, `${released} segments, ${written} bytes`);
  assert.deepEqual(await queues.bodies(2), kept);
  assert.equal(queues.window(2).count, kept.length);
  await queues.close();
  await check(disk);
  const again = await open(disk, { compaction: never });
  assert.deepEqual(await again.bodies(2), kept);
  await again.close();
});

test('after a crash, a volume has all compacted messages and no settled ones', async () => {
  const disk = await newDisk();
  const queues = await open(disk);
  queues.declare(1);
  queues.declare(2);
  const kept = await churn(queues, 800);
  await until(() => compactedFiles(disk).length > 0, 'a compacted segment');
  await until(() => sizeOf(disk) < 3 * segmentBytes, 'segments to go');
  queues.settle(2, queues.window(2).liveFrom(0));
  await synced(queues);
  const left = disk.copy();
  await queues.close();
  await check(left);
  const again = await open(left);
  assert.deepEqual(await again.bodies(2), kept.slice(1));
  assert.equal(again.window(1).count, 0);
  await again.close();
  await check(left);
});

test('compacted segments are compacted again, so their number stays low', async () => {
  const disk = await newDisk();
  const queues = await open(disk);
  queues.declare(1);
  queues.declare(2);
  const kept: string[] = [];
  for (let round = 0; round < 6; round++) {
    kept.push(...(await churn(queues, 500)));
    await until(() => sizeOf(disk) < 3 * segmentBytes, `round ${round}`);
    // Half of what was kept goes.
    for (let i = kept.length >> 1; i > 0; i--) {
      queues.settle(2, queues.window(2).liveFrom(0));
      kept.shift();
    }
    await synced(queues);
  }
  assert.deepEqual(await queues.bodies(2), kept);
  assert.ok(compactedFiles(disk).length <= 4, `${compactedFiles(disk)}`);
  await queues.close();
  await check(disk);
});

test('a message in many queues is copied once and keeps its position in each queue', async () => {
  const disk = await newDisk();
  const queues = await open(disk);
  for (let queue = 1; queue <= 12; queue++) queues.declare(queue);
  const all = Array.from({ length: 10 }, (_, i) => i + 3);
  const kept: string[] = [];
  for (let i = 0; i < 1500; i++) {
    if (i % 25 === 0) {
      queues.publish(all, bodyOf(3, i), { priority: i % 3 });
      kept.push(bodyOf(3, i));
    }
    queues.publish([1], bodyOf(1, i));
    if (i % 20 === 19) await synced(queues);
  }
  const busy = queues.window(1);
  for (let s = busy.liveFrom(0); s < busy.next; s = busy.liveFrom(s + 1)) queues.settle(1, s);
  await synced(queues);
  await until(() => sizeOf(disk) < 3 * segmentBytes, 'segments to go');
  await queues.close();
  await check(disk);
  const again = await open(disk, { compaction: never });
  for (const queue of all) {
    assert.deepEqual(await again.bodies(queue), kept);
    const queueIndex = again.window(queue);
    for (let s = 0; s < kept.length; s++) assert.equal(queueIndex.priority(s), (s * 25) % 3);
  }
  await again.close();
});

test('compaction keeps expiry times and delivery counts', async () => {
  const disk = await newDisk();
  const queues = await open(disk);
  queues.declare(1);
  queues.declare(2);
  for (let i = 0; i < 900; i++) {
    queues.publish([1], bodyOf(1, i));
    if (i % 30 === 0) queues.publish([2], bodyOf(2, i), { expiresAtMs: 1e12 + i * 7919 });
    if (i % 20 === 19) await synced(queues);
  }
  const queueIndex = queues.window(2);
  for (let s = 0; s < queueIndex.next; s += 3) {
    queueIndex.markRedelivered(s, true);
    queues.store.counts.changed(queueIndex, s);
  }
  queues.store.writeCounts();
  const before = await queues.live();
  const busy = queues.window(1);
  for (let s = busy.liveFrom(0); s < busy.next; s = busy.liveFrom(s + 1)) queues.settle(1, s);
  await synced(queues);
  await until(() => sizeOf(disk) < 3 * segmentBytes, 'segments to go');
  assert.equal((await queues.live())[1], before[1]);
  await queues.close();
  const again = await open(disk, { compaction: never });
  assert.equal((await again.live())[1], before[1]);
  for (let s = 0; s < queueIndex.next; s++) {
    assert.equal(again.window(2).deliveryCount(s), s % 3 === 0 ? 1 : 0);
  }
  await again.close();
});

test('a log closed during compaction is complete and has no stray files', async () => {
  for (let turns = 0; turns < 60; turns += 2) {
    const disk = await newDisk();
    const queues = await open(disk, { compaction: { lookMs: 0, looksMin: 0, share: 1 } });
    queues.declare(1);
    queues.declare(2);
    const kept = await churn(queues, 400);
    for (let left = turns; left > 0; left--) await new Promise((resolve) => setImmediate(resolve));
    await queues.close();
    await check(disk);
    const again = await open(disk);
    assert.deepEqual(await again.bodies(2), kept, `closed after ${turns} turns`);
    await again.close();
  }
});

test('without space for a compaction, nothing is lost and it is retried later', async () => {
  const disk = await newDisk();
  const queues = await open(disk, { compaction: { ...compaction, looksMin: 40 } });
  queues.declare(1);
  queues.declare(2);
  const kept = await churn(queues, 800);
  let failures = 0;
  disk.nextError = (operation, name) => {
    if (operation !== 'write' || !name.includes('compact-') || failures >= 2) return null;
    failures++;
    return Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
  await until(() => failures === 2, 'an attempt');
  assert.equal(queues.failure, undefined);
  assert.deepEqual(await queues.bodies(2), kept);
  queues.publish([2], 'last');
  await synced(queues);
  await until(() => sizeOf(disk) < 3 * segmentBytes, 'segments to go');
  await queues.close();
  await check(disk);
});

test('a batch that is open for several turns stays in one group during compaction', async () => {
  const disk = await newDisk();
  const queues = await open(disk, { compaction: { ...compaction, looksMin: 40 } });
  queues.declare(1);
  queues.declare(2);
  const kept = await churn(queues, 800);
  queues.store.begin();
  const group = queues.log.openGroup;
  for (let i = 0; i < 200; i++) {
    queues.publish([2], `batch ${i}`);
    kept.push(`batch ${i}`);
    queues.log.batchPaused();
    // Long enough for the looks that a compaction waits for.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(queues.log.openGroup, group);
  queues.store.end();
  await synced(queues);
  await until(() => sizeOf(disk) < 3 * segmentBytes, 'segments to go');
  await queues.close();
  await check(disk);
  const again = await open(disk, { compaction: never });
  assert.deepEqual(await again.bodies(2), kept);
  await again.close();
});

test('damage found by a compaction is reported with file and byte offset', async () => {
  const disk = await newDisk();
  const queues = await open(disk, { compaction: { ...compaction, looksMin: 40 } });
  queues.declare(1);
  queues.declare(2);
  await churn(queues, 400);
  for (const file of disk.names.filter((name) => /seg-[1-4]$/.test(name))) {
    const bytes = disk.bytes(file);
    for (let at = 4200; at < bytes.length; at += 997) bytes[at] = (bytes[at] ?? 0) ^ 1;
  }
  await until(() => queues.failure !== undefined, 'a failure');
  assert.match(String(queues.failure), /seg-\d is damaged at byte \d+: block \d+/);
});

test('a large message is compacted', async () => {
  const disk = await newDisk();
  const queues = await open(disk);
  queues.declare(1);
  queues.declare(2);
  const mebibyte = 1024 * 1024;
  const large = `${'large '.repeat(mebibyte / 2)}end`;
  queues.publish([2], 'before');
  queues.publish([2], large);
  queues.publish([1], 'x'.repeat(9 * mebibyte));
  queues.publish([2], 'after');
  await queues.synced();
  queues.settle(1, 0);
  await synced(queues);
  queues.publish([1], bodyOf(1, 1));
  await queues.synced();
  await until(() => compactedFiles(disk).length > 0, 'a compacted segment');
  await until(() => sizeOf(disk) < 4 * mebibyte, `${sizeOf(disk)} bytes are left`);
  assert.ok((await queues.bodies(2)).join() === ['before', large, 'after'].join());
  await queues.close();
  await check(disk);
  const again = await open(disk, { compaction: never });
  assert.ok((await again.bodies(2)).join() === ['before', large, 'after'].join());
  await again.close();
});

test('a long backlog is compacted and recovered with its messages in place', async () => {
  const disk = await newDisk();
  const queues = await open(disk);
  queues.declare(1);
  const count = 30_000;
  for (let i = 0; i < count; i++) {
    queues.publish([1], `${i}`.padEnd(10 + (i < 12_000 ? 0 : i % 40), '.'));
    if (i % 500 === 499) await queues.synced();
  }
  const before = sizeOf(disk);
  const isKept = (i: number) => i % 2000 < 600;
  for (let i = 0; i < count; i++) if (!isKept(i)) queues.settle(1, i);
  await synced(queues);
  await until(() => sizeOf(disk) < before * 0.6, `${sizeOf(disk)} of ${before} bytes are left`);
  const prove = async (volume: QueueVolume) => {
    const found = (await volume.bodies(1)).map((body) => Number.parseInt(body, 10));
    assert.deepEqual(found, Array.from({ length: count }, (_, i) => i).filter(isKept));
  };
  await prove(queues);
  await queues.close();
  await check(disk);
  const again = await open(disk, { compaction: never });
  await prove(again);
  await again.close();
});
