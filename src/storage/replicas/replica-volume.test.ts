import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import { watermarkFile } from '../log/durable-watermark.ts';
import type { LogOptions } from '../log-owner.ts';
import { decodeHeader } from '../volume/header.ts';
import { readVolumeHeader, Volume, type WrappedKey, wrappedKeysOf } from '../volume.ts';
import { manifestFile } from './replica-manifest.ts';
import { type ReplicaSource, ReplicaVolume } from './replica-volume.ts';

const keyOf = (generation: number) => keyFromBytes(Buffer.alloc(32, 7 + generation));
const small = { segmentBytes: 65_536 };
const kindOfKeys = (keys: readonly WrappedKey[]) =>
  keys.map(({ generation }) => ({ generation, wrappedKey: Buffer.from(`for b ${generation}`) }));

async function opened(options: Partial<LogOptions> = small) {
  const disk = new MemoryDisk();
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('for a 0') } as const;
  await Volume.format(disk, '/a', volume, keyOf(0));
  const life = await QueueVolume.open(disk, '/a', keyOf(0), options);
  life.declare(1);
  const replica = new ReplicaVolume(disk, '/b');
  return { disk, life, replica };
}

async function publish(life: QueueVolume, count: number): Promise<void> {
  const first = life.window(1).next;
  for (let i = 0; i < count; i++) {
    life.publish([1], `${first + i} `.padEnd(3000, 'x'));
    if (i % 8 === 7 || i === count - 1) await life.synced();
  }
}

/** The state of a running volume. */
async function stateOf(life: QueueVolume, lineage = 1): Promise<ReplicaSource> {
  const frozen = await life.log.freeze();
  const kept = (name: string) => frozen.kept.get(name) ?? Buffer.alloc(0);
  return {
    lineage,
    header: decodeHeader(kept('volume'), '/a'),
    mark: kept(watermarkFile),
    files: frozen.files.slice(2),
    async *read(name, from) {
      const [file] = frozen.files.filter((each) => each.name === name);
      assert.ok(file !== undefined);
      const chunks: Buffer[] = [];
      for await (const chunk of frozen.read(file)) chunks.push(Buffer.from(chunk));
      yield Buffer.concat(chunks).subarray(from);
    },
    release: async () => {
      const { isHeld } = frozen;
      frozen.release();
      return isHeld;
    },
  };
}

async function replicate(life: QueueVolume, replica: ReplicaVolume, lineage = 1): Promise<number> {
  const state = await stateOf(life, lineage);
  try {
    return await replica.receive(state, kindOfKeys(wrappedKeysOf(state.header)));
  } finally {
    await state.release();
  }
}

async function promoted(disk: MemoryDisk, keys = { newest: keyOf(0), older: new Map() }) {
  // Another process: it reads what is on the disk.
  const replica = new ReplicaVolume(disk, '/b');
  await replica.adopt(keys);
  await checkVolume(disk, '/b', keys);
  return QueueVolume.open(disk, '/b', keys, small);
}

test('a replica has what was synced, copies only what is new, and becomes a volume', async () => {
  const { disk, life, replica } = await opened();
  await publish(life, 100);
  const whole = await replicate(life, replica);
  assert.equal(await replicate(life, replica), 0);
  assert.ok(!disk.names.includes('/b/volume'), 'a replica cannot be opened as a volume');
  await publish(life, 10);
  const added = await replicate(life, replica);
  assert.ok(added > 0 && added < whole / 4, `${added} of ${whole}`);
  const expected = await life.bodies(1);
  life.publish([1], 'later');
  await life.synced();
  const other = await promoted(disk);
  assert.deepEqual(await other.bodies(1), expected);
  const header = await readVolumeHeader(disk, '/b');
  assert.equal(header.wrappedKey.toString(), 'for b 0');
  assert.deepEqual(
    disk.names.filter((name) => name.startsWith('/b/replica')),
    [],
  );
  await other.close();
  await life.close();
});

test('segments that the primary compacted or removed go away', async () => {
  const compaction = { lookMs: 1, looksMin: 0, share: 1 };
  const { disk, life, replica } = await opened({ ...small, compaction });
  for (let round = 0; round < 12; round++) {
    await publish(life, 60);
    for (const s of life.numbers(1)) if (s % 9 !== 0) life.settle(1, s);
    await replicate(life, replica);
  }
  const segments = (folder: string) =>
    disk.names.filter((name) => name.startsWith(`${folder}/seg-`)).length;
  assert.ok(disk.names.some((name) => name.startsWith('/b/compact-')));
  // The primary may compact after a copy: the next one follows.
  const isClose = () => segments('/b') <= segments('/a') + 1;
  for (let copies = 0; copies < 50 && !isClose(); copies++) await replicate(life, replica);
  assert.ok(isClose(), `${segments('/b')}, ${segments('/a')}`);
  life.publish([1], 'end');
  await life.synced();
  await replicate(life, replica);
  const expected = await life.bodies(1);
  const other = await promoted(disk);
  assert.deepEqual(await other.bodies(1), expected);
  await other.close();
  await life.close();
});

test('an interrupted copy leaves the state before it', async () => {
  const { disk, life, replica } = await opened();
  await publish(life, 50);
  await replicate(life, replica);
  const expected = await life.bodies(1);
  await publish(life, 50);
  const state = await stateOf(life);
  const cut: ReplicaSource = { ...state, release: async () => false };
  const keys = kindOfKeys(wrappedKeysOf(state.header));
  await assert.rejects(replica.receive(cut, keys), { code: 'freeze-ended' });
  await state.release();
  const other = await promoted(disk);
  assert.deepEqual(await other.bodies(1), expected);
  await other.close();
  await life.close();
});

test('after the roles changed, a former primary receives only what differs', async () => {
  const { disk, life, replica } = await opened();
  await publish(life, 100);
  await replicate(life, replica);
  // Confirmed by the primary, and lost by a failover.
  await publish(life, 30);
  await life.close();
  const other = await promoted(disk);
  other.publish([1], 'after the failover');
  await other.synced();
  const former = new ReplicaVolume(disk, '/a');
  // Until then, it could be promoted again.
  assert.equal(await former.state(2), 'former');
  const copied = await replicate(other, former, 2);
  assert.equal(await former.state(2), 'copy');
  assert.equal(await former.state(3), 'former');
  assert.ok(!disk.names.includes('/a/volume'));
  const whole = disk.names
    .filter((name) => name.startsWith('/a/seg-'))
    .reduce((sum, name) => sum + disk.bytes(name).length, 0);
  assert.ok(copied < whole, `${copied} of ${whole}`);
  const expected = await other.bodies(1);
  assert.equal(expected.at(-1), 'after the failover');
  assert.equal(expected.length, 101);
  await other.close();
  await new ReplicaVolume(disk, '/a').adopt({ newest: keyOf(0), older: new Map() });
  await checkVolume(disk, '/a', keyOf(0));
  const again = await QueueVolume.open(disk, '/a', keyOf(0), small);
  assert.deepEqual(await again.bodies(1), expected);
  await again.close();
});

test('a primary that gets another data key is replicated with both, until the older is dropped', async () => {
  const { disk, life, replica } = await opened();
  await publish(life, 40);
  await replicate(life, replica);
  await life.log.dataKeys.add(Buffer.from('for a 1'), keyOf(1));
  await publish(life, 40);
  await replicate(life, replica);
  assert.deepEqual(
    (await replica.wrappedKeys()).map(({ wrappedKey }) => wrappedKey.toString()),
    ['for b 1', 'for b 0'],
  );
  const expected = await life.bodies(1);
  const other = await promoted(disk, { newest: keyOf(1), older: new Map([[0, keyOf(0)]]) });
  assert.deepEqual(await other.bodies(1), expected);
  await other.close();
  await life.close();
});

test('a promotion that is interrupted at any change of the disk can be repeated', async () => {
  const { disk, life, replica } = await opened();
  await publish(life, 30);
  await replicate(life, replica);
  const expected = await life.bodies(1);
  await life.close();
  for (let failAt = 1, isOver = false; !isOver; failAt++) {
    const copy = disk.copy();
    let changes = 0;
    for (const method of ['replace', 'remove', 'syncFolder'] as const) {
      const original = copy[method].bind(copy) as (...args: unknown[]) => Promise<void>;
      Object.assign(copy, {
        [method]: async (...args: unknown[]) => {
          if (++changes === failAt) throw Object.assign(new Error('EIO'), { code: 'EIO' });
          return original(...args);
        },
      });
    }
    const keys = { newest: keyOf(0), older: new Map() };
    isOver = await new ReplicaVolume(copy, '/b').adopt(keys).then(
      () => true,
      () => false,
    );
    changes = Number.NaN;
    const isWaiting = copy.names.includes(`/b/${manifestFile}`);
    if (!isOver && isWaiting) await new ReplicaVolume(copy, '/b').adopt(keys);
    assert.equal(await new ReplicaVolume(copy, '/b').finish(), true);
    await checkVolume(copy, '/b', keyOf(0));
    const other = await QueueVolume.open(copy, '/b', keyOf(0), small);
    assert.deepEqual(await other.bodies(1), expected);
    await other.close();
    assert.ok(failAt < 50);
  }
});

const damages = [
  ['is not JSON', '{', /replica is damaged/],
  ['names a file outside', '["../../etc/passwd",1]', /is not a file of a replica/],
  ['has a negative size', '["seg-1",-1]', /replica is damaged/],
] as const;

for (const [what, text, reason] of damages) {
  test(`a manifest that ${what} is refused, and repaired on request`, async () => {
    const { disk, life, replica } = await opened();
    await publish(life, 10);
    await replicate(life, replica);
    const bytes = disk.bytes(`/b/${manifestFile}`).toString();
    const changed = text === '{' ? text : bytes.replace(/"files":\[/, `"files":[${text},`);
    disk.put(`/b/${manifestFile}`, Buffer.from(changed));
    const next = new ReplicaVolume(disk, '/b');
    await assert.rejects(next.state(1), { code: 'volume-damaged', message: reason });
    await next.repair();
    assert.equal(await next.state(1), 'nothing');
    await replicate(life, next);
    assert.equal(await next.state(1), 'copy');
    await life.close();
  });
}
