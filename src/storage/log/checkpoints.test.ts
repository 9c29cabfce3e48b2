import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { checkVolume } from '../check.ts';
import type { LogOptions } from '../log-owner.ts';
import { Volume } from '../volume.ts';

const folder = '/v';
const dataKey = keyFromBytes(Buffer.alloc(32, 7));
const body = 'x'.repeat(100);

/** A volume whose state is larger than a segment, and a count of what is written to it. */
class Large {
  readonly disk = new MemoryDisk();
  readonly options: Partial<LogOptions>;
  bytes = 0;
  largestGroup = 0;

  constructor(options: Partial<LogOptions> = {}) {
    this.options = { segmentBytes: 1024 * 1024, ...options };
  }

  async format(): Promise<void> {
    const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
    await Volume.format(this.disk, folder, volume, dataKey);
  }

  open(options: Partial<LogOptions> = {}): Promise<QueueVolume> {
    return QueueVolume.open(this.disk, folder, dataKey, {
      ...this.options,
      ...options,
      onSynced: (sizeBytes) => {
        this.bytes += sizeBytes;
        this.largestGroup = Math.max(this.largestGroup, sizeBytes);
      },
    });
  }

  /** Declares queues, a multiple of a thousand, in groups of this many. */
  async declare(life: QueueVolume, count: number): Promise<void> {
    for (let queue = 1; queue <= count; queue++) {
      life.declare(queue);
      if (queue % 1000 === 0) await life.synced();
    }
  }

  /** Publishes messages one after the other, each confirmed; bytes written for each. */
  async confirm(life: QueueVolume, count: number): Promise<number> {
    this.bytes = 0;
    this.largestGroup = 0;
    for (let i = 0; i < count; i++) {
      life.publish([1 + (i % 7)], body);
      await life.synced();
    }
    return this.bytes / count;
  }

  get sizeBytes(): number {
    return this.disk.names.reduce((sum, name) => sum + this.disk.bytes(name).length, 0);
  }
}

test('with 100,000 queues, a confirmed message costs a few pages, even after restarts and kills', async () => {
  const large = new Large();
  await large.format();
  let life = await large.open();
  await large.declare(life, 100_000);
  const first = await large.confirm(life, 2000);
  assert.ok(first < 16_384, `${first} bytes a message`);
  assert.ok(large.largestGroup < 512 * 1024, `a group of ${large.largestGroup} bytes`);
  await life.close();
  life = await large.open();
  assert.equal(life.store.indexes.size, 100_000);
  const second = await large.confirm(life, 500);
  assert.ok(second < 16_384, `${second} bytes a message after a restart`);
  const killed = new Large();
  for (const name of large.disk.names) killed.disk.put(name, Buffer.from(large.disk.bytes(name)));
  await life.close();
  life = await killed.open();
  assert.equal(life.store.indexes.size, 100_000);
  const third = await killed.confirm(life, 500);
  assert.ok(third < 16_384, `${third} bytes a message after a kill`);
  const messages = [1, 2, 3, 4, 5, 6, 7].map((queue) => life.window(queue).count);
  assert.equal(
    messages.reduce((sum, count) => sum + count),
    3000,
  );
  await life.close();
  await checkVolume(killed.disk, folder, dataKey);
});

test('the space for a large state stays within a few times its size', async () => {
  const large = new Large({ segmentBytes: 64 * 1024, sliceBytes: 4096 });
  await large.format();
  const life = await large.open();
  await large.declare(life, 5000);
  let largest = 0;
  for (let round = 0; round < 60; round++) {
    await large.confirm(life, 20);
    for (let queue = 1; queue <= 7; queue++) {
      const queueIndex = life.window(queue);
      for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
        life.settle(queue, s);
      }
    }
    await life.synced();
    largest = Math.max(largest, large.sizeBytes);
  }
  // The state has about 250 KB; 5 MB were written.
  assert.ok(largest < 2_000_000, `${largest} bytes`);
  await life.close();
});

/** Declares or deletes a queue, or publishes to it and settles something else. */
function change(life: QueueVolume, queue: number, round: number, i: number): void {
  if (!life.store.indexes.has(queue)) life.declare(queue + 10_000 * (round + 1));
  else if (i % 3 === 0) {
    life.store.define({ dropped: queue });
    life.store.drop(life.window(queue));
  } else {
    life.publish([queue, 1], `${round} ${i}`);
    life.publish([2, 1], `${round} ${i} too`);
  }
  const queueIndex = life.window(1);
  // The oldest, or one of the newest.
  const sequence = queueIndex.liveFrom(i % 4 === 1 ? 0 : queueIndex.next - 2);
  if (i % 2 === 1 && sequence < queueIndex.next) life.settle(1, sequence);
}

test('changes made while a base is written are recovered after a restart', async () => {
  const large = new Large({ segmentBytes: 48 * 1024, sliceBytes: 2048 });
  await large.format();
  let { disk } = large;
  let life = await large.open();
  await large.declare(life, 3000);
  for (let round = 0; round < 12; round++) {
    for (let i = 0; i < 40; i++) {
      const queue = 100 + ((round * 331 + i * 77) % 2800);
      change(life, queue, round, i);
      await life.synced();
    }
    const expected = (await life.live()).sort();
    if (round % 4 === 3) await life.close();
    disk = disk.copy();
    life = await QueueVolume.open(disk, folder, dataKey, large.options);
    assert.deepEqual((await life.live()).sort(), expected, `round ${round}`);
  }
  await life.close();
  await checkVolume(disk, folder, dataKey);
});
