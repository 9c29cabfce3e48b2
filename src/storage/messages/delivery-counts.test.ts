import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { QueueVolume } from '../../../tests/support/queue-volume.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { Volume } from '../volume.ts';

const folder = '/v';
const dataKey = keyFromBytes(randomBytes(32));

async function opened(disk: MemoryDisk): Promise<QueueVolume> {
  return await QueueVolume.open(disk, folder, dataKey, { segmentBytes: 16_384 });
}

function fail(life: QueueVolume, sequence: number): void {
  const queueIndex = life.window(1);
  queueIndex.markRedelivered(sequence, true);
  life.store.counts.changed(queueIndex, sequence);
}

function counts(life: QueueVolume): number[] {
  const queueIndex = life.window(1);
  return Array.from({ length: queueIndex.next }, (_, s) => queueIndex.deliveryCount(s));
}

test('failed delivery counts survive kills, clean stops and the deletion of their segments', async () => {
  const disk = new MemoryDisk();
  await Volume.format(
    disk,
    folder,
    { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') },
    dataKey,
  );
  let life = await opened(disk);
  life.declare(1);
  life.declare(2);
  for (let i = 0; i < 10; i++) life.publish([1], `m${i}`);
  for (const sequence of [9, 8, 7, 3, 4, 5, 1, 9]) fail(life, sequence);
  life.store.writeCounts();
  await life.synced();
  const wanted = [0, 1, 0, 1, 1, 1, 0, 1, 1, 2];
  const killed = disk.copy();
  await life.close();
  for (const left of [killed, disk]) {
    life = await opened(left);
    assert.deepEqual(counts(life), wanted);
    // The segments in which that was written go, and only checkpoints say it still.
    for (let i = 0; i < 40; i++) {
      life.publish([2], 'x'.repeat(4000));
      life.settle(2, i);
      await life.synced();
    }
    fail(life, 3);
    life.store.writeCounts();
    life.settle(1, 4);
    await life.synced();
    const again = await opened(left.copy());
    assert.deepEqual(counts(again), [0, 1, 0, 2, 0, 1, 0, 1, 1, 2]);
    await again.close();
    await life.close();
  }
});
