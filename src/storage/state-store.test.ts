import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { checkVolume } from './check.ts';
import type { Journal } from './journal.ts';
import { Log } from './log.ts';
import type { LogOptions } from './log-owner.ts';
import { StateStore } from './state-store.ts';
import { Volume } from './volume.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 7));

type Change = { readonly key: string; readonly value: number };

/** Numbers by name. */
class Numbers implements Journal<Change> {
  readonly name: string;
  readonly values = new Map<string, number>();
  constructor(name: string) {
    this.name = name;
  }
  apply({ key, value }: Change): void {
    this.values.set(key, value);
  }
  *snapshot(): Generator<Change> {
    for (const [key, value] of this.values) yield { key, value };
  }
}

async function open(disk: MemoryDisk, options: Partial<LogOptions> = {}) {
  if (!disk.names.includes('/v/volume')) {
    const wrappedKey = Buffer.from('wrapped');
    await Volume.format(disk, folder, { id: 'vol-1', kind: 'system', wrappedKey }, dataKey);
  }
  const volume = await Volume.open(disk, folder, dataKey);
  const [one, two] = [new Numbers('one'), new Numbers('two')];
  const state = new StateStore([one, two], ['audit']);
  const log = await Log.open(volume, state, {
    onDurable: (group) => state.onDurable(group),
    onFailed: (error) => state.onFailed(error),
    ...options,
  });
  state.recovered();
  const texts = async () => {
    const found: string[] = [];
    const range = { fromMs: 0, toMs: Infinity, newestFirst: false };
    for await (const { bytes } of state.readTimeline('audit', range)) found.push(bytes.toString());
    return found;
  };
  const close = async () => {
    await state.close();
    await volume.close();
    await checkVolume(disk, folder, dataKey);
  };
  return { state, one, two, log, texts, close };
}

const event = (atMs: number, text: string) =>
  ({ timeline: 'audit', atMs, bytes: Buffer.from(text) }) as const;
const set = (journal: string, key: string, value: number) =>
  ({ journal, change: { key, value } }) as const;

test('committed changes are recovered after a clean stop and after a crash', async () => {
  const disk = new MemoryDisk();
  const first = await open(disk);
  await first.state.commit([set('one', 'a', 1), set('two', 'a', 2), event(5, 'both')]);
  assert.equal(first.one.values.get('a'), 1);
  await first.close();
  const second = await open(disk);
  await second.state.commit([set('one', 'a', 3), event(6, 'again')]);
  const killed = disk.copy();
  await second.close();
  for (const left of [killed, disk]) {
    const third = await open(left);
    assert.deepEqual([third.one.values.get('a'), third.two.values.get('a')], [3, 2]);
    assert.deepEqual(await third.texts(), ['both', 'again']);
    await third.close();
  }
});

test('a commit torn by a kill is not recovered in part', async () => {
  const disk = new MemoryDisk();
  const first = await open(disk);
  await first.state.commit([set('one', 'a', 1)]);
  const before = Buffer.from(disk.bytes('/v/seg-1'));
  // On a slow machine the mark of the commit is written before the copy below is taken.
  const markBefore = Buffer.from(disk.bytes('/v/mark'));
  const long = 'x'.repeat(100_000);
  await first.state.commit([set('one', 'a', 2), event(1, long), event(2, long), event(3, long)]);
  const after = disk.bytes('/v/seg-1');
  const end = after.lastIndexOf(1) + 1;
  // Of what the commit wrote, only so much reached the disk.
  for (let at = 12_288; at < end - 8192; at += 65_536) {
    const killed = disk.copy();
    const torn = Buffer.concat([before], after.length);
    after.copy(torn, 0, 0, at);
    killed.put('/v/seg-1', torn);
    killed.put('/v/mark', markBefore);
    const next = await open(killed);
    assert.equal(next.one.values.get('a'), 1, `cut at byte ${at}`);
    assert.deepEqual(await next.texts(), []);
    await next.close();
  }
  await first.close();
});

test('state and timelines survive segments; segments with only dropped data are deleted', async () => {
  const disk = new MemoryDisk();
  const options = { segmentBytes: 64 * 1024, cacheBytes: 0 };
  let life = await open(disk, options);
  for (let i = 0; i < 60; i++) {
    await life.state.commit([set('one', `k${i}`, i), event(i, `${i}`.padEnd(4000, '.'))]);
  }
  const segmentCount = () => disk.names.filter((name) => name.includes('seg-')).length;
  assert.ok(segmentCount() > 4);
  await life.close();
  life = await open(disk, options);
  assert.equal(life.one.values.size, 60);
  assert.deepEqual(
    (await life.texts()).map((text) => Number.parseFloat(text)),
    Array.from({ length: 60 }, (_, i) => i),
  );
  life.state.dropBefore('audit', 55);
  while (segmentCount() > 4) await life.state.commit([set('two', 'x', 1)]);
  assert.ok((await life.texts()).length < 30);
  await life.close();
  life = await open(disk, options);
  assert.equal(life.one.values.size, 60);
  await life.close();
});

test('concurrent commits share one sync', async () => {
  const life = await open(new MemoryDisk());
  await life.state.commit([set('one', 'a', 1)]);
  const before = life.log.durableGroup;
  await Promise.all([1, 2, 3].map((i) => life.state.commit([set('one', 'a', i)])));
  assert.equal(life.log.durableGroup, before + 1);
  await life.close();
});

test('a commit of nothing ends, even if all others are already on disk', async () => {
  const disk = new MemoryDisk();
  const { state, one, log } = await open(disk);
  await state.commit([{ journal: 'one', change: { key: 'a', value: 1 } }]);
  await state.commit([]);
  await log.close();
  assert.equal(one.values.get('a'), 1);
});

test('after a log failure, pending and later commits are rejected', async () => {
  const disk = new MemoryDisk();
  const life = await open(disk);
  await life.state.commit([set('one', 'a', 1)]);
  disk.fail('sync', 'EIO');
  const failed = { code: 'disk-failed' };
  const waiting = [1, 2].map((i) => life.state.commit([set('one', 'a', i)]));
  for (const each of waiting) await assert.rejects(each, failed);
  await assert.rejects(life.state.commit([set('one', 'b', 1)]), failed);
  await assert.rejects(life.state.close(), failed);
});

test('using an unknown timeline or a store without a log throws', async () => {
  const life = await open(new MemoryDisk());
  assert.throws(() => life.state.dropBefore('other', 1), /no timeline 'other'/);
  assert.throws(() => new StateStore([], []).dropBefore('x', 1), /no timeline/);
  assert.throws(() => new StateStore([], ['x']).dropBefore('x', 1), /has no log yet/);
  await life.close();
});
