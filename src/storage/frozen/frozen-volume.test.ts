import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import type { DiskFile } from '../disk.ts';
import { holdCountMax } from '../log/holds.ts';
import type { LogOptions } from '../log-owner.ts';
import { type DataKeys, Volume } from '../volume.ts';
import type { FrozenVolume } from './frozen-volume.ts';

const keyOf = (generation: number) => keyFromBytes(Buffer.alloc(32, 7 + generation));
const small = { segmentBytes: 65_536 };

async function opened(options: Partial<LogOptions> = small, disk = new MemoryDisk()) {
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(disk, '/v', volume, keyOf(0));
  const life = await QueueVolume.open(disk, '/v', keyOf(0), options);
  life.declare(1);
  return { disk, life };
}

/** Publishes messages that fill segments, and settles all of them but some. */
async function churn(life: QueueVolume, count: number, keepEvery = Infinity): Promise<void> {
  const first = life.window(1).next;
  for (let i = 0; i < count; i++) {
    life.publish([1], `${first + i} `.padEnd(3000, 'x'));
    if (i % 8 === 7 || i === count - 1) await life.synced();
  }
  for (let i = 0; i < count; i++) if ((i + 1) % keepEvery !== 0) life.settle(1, first + i);
  life.publish([1], 'end');
  await life.synced();
}

/** Copies what a frozen volume consists of to another disk. */
async function copied(frozen: FrozenVolume, between = async () => {}): Promise<MemoryDisk> {
  const copy = new MemoryDisk();
  for (const file of frozen.files) {
    const chunks: Buffer[] = [];
    for await (const chunk of frozen.read(file)) chunks.push(Buffer.from(chunk));
    assert.equal(Buffer.concat(chunks).length, file.sizeBytes, file.name);
    copy.put(`/v/${file.name}`, Buffer.concat(chunks));
    await between();
  }
  return copy;
}

async function bodiesIn(disk: MemoryDisk, keys: DataKeys | ReturnType<typeof keyOf>) {
  await checkVolume(disk, '/v', keys);
  const life = await QueueVolume.open(disk, '/v', keys, small);
  const bodies = await life.bodies(1);
  await life.close();
  assert.equal((await checkVolume(disk, '/v', keys)).isClosed, true);
  return bodies;
}

test('a copy of a frozen volume has the data synced at the freeze and nothing later', async () => {
  const { disk, life } = await opened();
  await churn(life, 100, 7);
  life.publish([1], 'not synced');
  const expected = (await life.bodies(1)).filter((body) => body !== 'not synced');
  const frozen = await life.log.freeze();
  const copy = await copied(frozen, () => churn(life, 60));
  frozen.release();
  assert.deepEqual(await bodiesIn(copy, keyOf(0)), expected);
  await life.close();
  assert.equal((await checkVolume(disk, '/v', keyOf(0))).isClosed, true);
});

test('segments that are compacted during a copy are kept, and so are compacted segments', async () => {
  const compaction = { lookMs: 1, looksMin: 0, share: 1 };
  const { disk, life } = await opened({ ...small, compaction });
  await churn(life, 200, 10);
  const isCompacted = () => disk.names.some((name) => name.includes('/compact-'));
  while (!isCompacted()) await churn(life, 10, 10);
  // With the next segment the compacted one is in a table.
  await churn(life, 60, 10);
  const expected = await life.bodies(1);
  const frozen = await life.log.freeze();
  const names = frozen.files.map(({ name }) => name);
  assert.ok(
    names.some((name) => name.startsWith('compact-')),
    names.join(' '),
  );
  let isEmptied = false;
  const copy = await copied(frozen, async () => {
    if (!isEmptied) for (const s of life.numbers(1)) life.settle(1, s);
    isEmptied = true;
    await churn(life, 60);
    for (const name of names) assert.ok(disk.names.includes(`/v/${name}`), `${name} is gone`);
  });
  frozen.release();
  assert.deepEqual(await bodiesIn(copy, keyOf(0)), expected);
  await life.close();
  const left = disk.names.filter((name) => names.includes(name.slice(3)));
  assert.deepEqual(left, ['/v/mark', '/v/volume']);
  await checkVolume(disk, '/v', keyOf(0));
});

test('a copy opens with the data keys of its freeze, even if the volume has dropped them', async () => {
  const { life } = await opened();
  await churn(life, 40, 10);
  const expected = await life.bodies(1);
  const frozen = await life.log.freeze();
  await life.log.dataKeys.add(Buffer.from('wrapped 1'), keyOf(1));
  for (const s of life.numbers(1)) life.settle(1, s);
  while ((await life.log.dataKeys.drop()).length === 0) {
    await churn(life, 10);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const second = await life.log.freeze();
  assert.deepEqual(await bodiesIn(await copied(frozen), keyOf(0)), expected);
  assert.deepEqual(await bodiesIn(await copied(second), keyOf(1)), await life.bodies(1));
  await life.close();
});

const ends = [
  ['a limit of time', (life: QueueVolume) => life.log.freeze(1), /lasted for 1 ms/],
  ['a full disk', (life: QueueVolume) => life.log.freeze(), /short of room/],
  ['the end of the log', (life: QueueVolume) => life.log.freeze(), /was closed/],
] as const;

for (const [what, freeze, reason] of ends) {
  test(`${what} ends a frozen position, and its files are released and cannot be read`, async () => {
    const clock = new ManualClock();
    const { disk, life } = await opened({ ...small, clock });
    await churn(life, 40, 10);
    const frozen = await freeze(life);
    for (const s of life.numbers(1)) life.settle(1, s);
    await churn(life, 60);
    if (what === 'a limit of time') clock.advance(1);
    if (what === 'a full disk') life.log.reclaim();
    if (what === 'the end of the log') await life.close();
    const ended = { code: 'freeze-ended', message: reason };
    for (const file of frozen.files) {
      await assert.rejects(() => frozen.read(file).next(), ended);
    }
    frozen.release();
    if (what !== 'the end of the log') await life.close();
    const segments = frozen.files.slice(2).map(({ name }) => `/v/${name}`);
    assert.deepEqual(
      segments.filter((name) => disk.names.includes(name)),
      [],
    );
    await checkVolume(disk, '/v', keyOf(0));
  });
}

/** A disk that lets something happen between the read of a file and its answer. */
class SlowDisk extends MemoryDisk {
  afterRead: () => Promise<void> = async () => {};

  override async open(name: string): Promise<DiskFile> {
    const file = await super.open(name);
    const read = file.read.bind(file);
    file.read = async (offset, size) => {
      const bytes = await read(offset, size);
      await this.afterRead();
      return bytes;
    };
    return file;
  }
}

test('data read while a frozen position ends is rejected', async () => {
  const disk = new SlowDisk();
  const { life } = await opened(small, disk);
  await churn(life, 40, 10);
  const frozen = await life.log.freeze();
  const [file] = frozen.files.slice(2);
  assert.ok(file !== undefined);
  disk.afterRead = async () => frozen.release();
  await assert.rejects(() => frozen.read(file).next(), { code: 'freeze-ended' });
  await life.close();
});

test('frozen positions are limited, and refused before the first sync and after the end', async () => {
  const { disk, life } = await opened();
  const frozen: FrozenVolume[] = [];
  while (frozen.length < holdCountMax) frozen.push(await life.log.freeze());
  await assert.rejects(life.log.freeze(), {
    code: 'freeze-refused',
    message: `the volume has ${holdCountMax} frozen positions; ${holdCountMax} are allowed`,
  });
  frozen[0]?.release();
  frozen[0]?.release();
  (await life.log.freeze()).release();
  await life.close();
  await assert.rejects(life.log.freeze(), { code: 'log-failed' });
  const next = await QueueVolume.openUnsynced(disk, '/v', keyOf(0));
  await assert.rejects(next.log.freeze(), {
    code: 'freeze-refused',
    message: 'nothing is synced yet',
  });
  await next.durable(1);
  await next.close();
});
