import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import type { Journal } from '../journal.ts';
import { Log } from '../log.ts';
import type { LogOptions } from '../log-owner.ts';
import { StateStore } from '../state-store.ts';
import { Volume } from '../volume.ts';
import { smallCountMin } from './candidates.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 7));
const restartCount = 200;
const killCount = process.env['WAXWING_LONG'] === '1' ? 200 : 100;

/** Counts what a start reads. */
class CountingDisk extends MemoryDisk {
  readonly opened = new Set<string>();
  readCount = 0;

  override nextError(...[operation, file]: Parameters<MemoryDisk['nextError']>) {
    if (operation === 'read' && this.#isSegment(file)) this.readCount++;
    return super.nextError(operation, file);
  }

  override async open(file: string) {
    if (this.#isSegment(file)) this.opened.add(file);
    return super.open(file);
  }

  #isSegment(file: string): boolean {
    return /\/(seg|compact)-\d+$/.test(file);
  }

  forget(): void {
    this.opened.clear();
    this.readCount = 0;
  }

  get segmentCount(): number {
    return this.names.filter((name) => this.#isSegment(name)).length;
  }

  /** What a kill leaves. */
  killed(): CountingDisk {
    const left = new CountingDisk();
    for (const name of this.names) left.put(name, this.bytes(name));
    return left;
  }
}

/** The highest value of each name. */
class Numbers implements Journal<{ readonly name: string; readonly value: number }> {
  readonly name = 'numbers';
  readonly values = new Map<string, number>();
  apply({ name, value }: { readonly name: string; readonly value: number }): void {
    this.values.set(name, value);
  }
  *snapshot() {
    for (const [name, value] of this.values) yield { name, value };
  }
}

async function newDisk(kind: 'broker' | 'system'): Promise<CountingDisk> {
  const disk = new CountingDisk();
  const volume = { id: 'vol-1', kind, wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(disk, folder, volume, dataKey);
  return disk;
}

async function open(disk: MemoryDisk, options: Partial<LogOptions> = {}) {
  const volume = await Volume.open(disk, folder, dataKey);
  const numbers = new Numbers();
  const state = new StateStore([numbers], ['audit', 'other']);
  const log = await Log.open(volume, state, {
    compaction: { share: 1 },
    onDurable: (group) => state.onDurable(group),
    onFailed: (error) => state.onFailed(error),
    ...options,
  });
  state.recovered();
  const texts = async (timeline: string) => {
    const found: string[] = [];
    const range = { fromMs: 0, toMs: Infinity, newestFirst: false };
    for await (const { bytes, cursor } of state.readTimeline(timeline, range)) {
      assert.deepEqual(await state.readAt(timeline, cursor), bytes);
      found.push(bytes.toString());
    }
    return found;
  };
  const commit = (run: number) =>
    state.commit([
      { timeline: 'audit', atMs: run, bytes: Buffer.from(`event ${run}`) },
      { journal: 'numbers', change: { name: `${run % 7}`, value: run } },
      ...(run % 3 === 0 ? [{ timeline: 'other', atMs: run, bytes: Buffer.from(`${run}`) }] : []),
    ]);
  const close = async () => {
    await state.close();
    await volume.close();
  };
  return { state, log, texts, commit, close, numbers };
}

const eventsFrom = (first: number, end: number) =>
  Array.from({ length: end - first }, (_, i) => `event ${first + i}`);

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('after 200 restarts, a start opens as few segments as after some', async () => {
  const disk = await newDisk('system');
  let openedMax = 0;
  let readMax = 0;
  for (let run = 0; run < restartCount; run++) {
    disk.forget();
    const life = await open(disk, { compaction: { lookMs: 1e9, share: 1 } });
    openedMax = Math.max(openedMax, disk.opened.size);
    readMax = Math.max(readMax, disk.readCount);
    await life.commit(run);
    if (run % 50 === 49) {
      assert.deepEqual(await life.texts('audit'), eventsFrom(0, run + 1));
      assert.equal((await life.texts('other')).length, Math.floor(run / 3) + 1);
    }
    await life.close();
    if (run % 10 === 0) await checkVolume(disk, folder, dataKey);
  }
  assert.ok(openedMax <= smallCountMin + 3, `${openedMax} segments were opened`);
  assert.ok(readMax <= 6 * (smallCountMin + 3), `${readMax} reads`);
  assert.ok(disk.segmentCount <= smallCountMin + 3, `${disk.segmentCount} segments`);
});

test('processes that are always killed merge segments, too', async () => {
  let disk = await newDisk('system');
  const clock = new ManualClock();
  let segmentCountMax = 0;
  for (let run = 0; run < killCount; run++) {
    const life = await open(disk, { clock });
    const committed = life.commit(run);
    await committed;
    segmentCountMax = Math.max(segmentCountMax, disk.segmentCount);
    // Long enough for a check of a volume with many segments, but not for a usual one.
    await turns(5);
    clock.advance(60);
    await turns(600);
    disk = disk.killed();
    clock.clearTimers();
  }
  assert.ok(segmentCountMax <= 4 * smallCountMin + 4, `${segmentCountMax} segments`);
  const last = await open(disk);
  assert.deepEqual(await last.texts('audit'), eventsFrom(0, killCount));
  await last.close();
  await checkVolume(disk, folder, dataKey);
});

test('dropped records do not return, and the dropping of others is not delayed by a merge', async () => {
  const disk = await newDisk('system');
  for (let run = 0; run < 40; run++) {
    const life = await open(disk);
    await life.commit(run);
    if (run === 30) life.state.dropBefore('audit', 25);
    if (run >= 30) assert.deepEqual(await life.texts('audit'), eventsFrom(25, run + 1));
    if (run === 36) life.state.dropOldest('audit', 9);
    if (run === 36) assert.deepEqual(await life.texts('audit'), eventsFrom(34, 37));
    if (run === 36) break;
    await life.close();
  }
  // The process ended without closing: what it dropped returns at most as a whole.
  const killed = disk.killed();
  const life = await open(killed);
  assert.deepEqual(await life.texts('audit'), eventsFrom(25, 37));
  assert.equal((await life.texts('other')).length, 13);
  await life.close();
  await checkVolume(killed, folder, dataKey);
});

test('a read that is under way and a cursor from before a merge stay valid', async () => {
  const disk = await newDisk('system');
  for (let run = 0; run < smallCountMin; run++) {
    const life = await open(disk);
    await life.commit(run);
    await life.close();
  }
  const clock = new ManualClock();
  let mergedCount = 0;
  const onCompacted = (_: number, count: number) => {
    mergedCount += count;
  };
  const life = await open(disk, { clock, cacheBytes: 0, onCompacted });
  const range = { fromMs: 0, toMs: Infinity, newestFirst: true };
  const reading = life.state.readTimeline('audit', range);
  const first = await reading.next();
  const cursor = first.value?.cursor ?? '';
  await life.commit(smallCountMin);
  await turns(5);
  clock.advance(2000);
  for (let i = 0; i < 1000 && mergedCount === 0; i++) await turns(1);
  assert.equal(mergedCount, smallCountMin);
  assert.equal(disk.names.filter((name) => name.includes('compact-')).length, 1);
  const rest: string[] = [];
  for await (const { bytes } of reading) rest.push(bytes.toString());
  assert.deepEqual(rest, eventsFrom(0, smallCountMin - 1).reverse());
  const last = await life.state.readAt('audit', cursor);
  assert.equal(last?.toString(), `event ${smallCountMin - 1}`);
  await life.close();
});

test('a clean stop is recognised after small segments were merged, with what was delivered', async () => {
  const disk = await newDisk('broker');
  const openQueues = () => QueueVolume.open(disk, folder, dataKey, { compaction: { share: 1 } });
  const first = await openQueues();
  first.declare(1);
  await first.close();
  let mergedCount = 0;
  for (let life = 0; life < 3 * smallCountMin; life++) {
    const before = disk.segmentCount;
    const opened = await openQueues();
    assert.equal(opened.store.isCleanStop, true, `start ${life}`);
    const queueIndex = opened.window(1);
    if (life > 0) assert.equal(queueIndex.isRedelivered(life - 1), life % 2 === 1, `start ${life}`);
    opened.publish([1], `message ${life}`);
    if (life % 2 === 0) queueIndex.markRedelivered(life, false);
    await opened.close();
    if (disk.segmentCount < before) mergedCount++;
  }
  assert.ok(mergedCount > 0, 'nothing was merged');
});

test('a full disk leaves small segments as they are, and the volume closes', async () => {
  const disk = await newDisk('system');
  for (let run = 0; run <= smallCountMin; run++) {
    const life = await open(disk);
    await life.commit(run);
    if (run === smallCountMin) disk.fail('write', 'ENOSPC', 1, /compact-/);
    await life.close();
    assert.ok(!disk.names.some((name) => name.includes('compact-')));
  }
  await checkVolume(disk, folder, dataKey);
  const life = await open(disk);
  await life.commit(smallCountMin + 1);
  await life.close();
  assert.ok(disk.names.some((name) => name.includes('compact-')));
  const again = await open(disk);
  assert.deepEqual(await again.texts('audit'), eventsFrom(0, smallCountMin + 2));
  await again.close();
});

test('a broker whose queue grows by a message in each run has few segments, too', async () => {
  const disk = await newDisk('broker');
  let openedMax = 0;
  for (let run = 0; run < 60; run++) {
    disk.forget();
    const queues = await QueueVolume.open(disk, folder, dataKey, { compaction: { share: 1 } });
    openedMax = Math.max(openedMax, disk.opened.size);
    if (run === 0) queues.declare(1);
    queues.publish([1], `message ${run}`);
    await queues.synced();
    await queues.close();
  }
  assert.ok(openedMax <= smallCountMin + 3, `${openedMax} segments were opened`);
  await checkVolume(disk, folder, dataKey);
  const last = await QueueVolume.open(disk, folder, dataKey);
  assert.equal((await last.bodies(1)).length, 60);
  await last.close();
});

test('a state that is larger than a slice does not keep a segment of each restart', async () => {
  const disk = await newDisk('system');
  const clock = new ManualClock();
  let openedMax = 0;
  const first = await open(disk);
  const name = (i: number) => `name ${i} `.padEnd(100, '.');
  const changes = Array.from({ length: 400 }, (_, i) => ({ name: name(i), value: i }));
  await first.state.commit(changes.map((change) => ({ journal: 'numbers', change })));
  await first.close();
  for (let run = 0; run < 60; run++) {
    disk.forget();
    const compaction = { lookMs: 10, share: 1 };
    const life = await open(disk, { clock, sliceBytes: 16_384, compaction });
    openedMax = Math.max(openedMax, disk.opened.size);
    await life.commit(run);
    for (let i = 0; i < 40; i++) {
      clock.advance(10);
      await turns(4);
    }
    await life.close();
  }
  assert.ok(openedMax <= 4 * smallCountMin, `${openedMax} segments were opened`);
  await checkVolume(disk, folder, dataKey);
  const last = await open(disk);
  assert.deepEqual(await last.texts('audit'), eventsFrom(0, 60));
  assert.equal(last.numbers.values.size, 407);
  await last.close();
});
