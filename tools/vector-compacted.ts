// Volumes with compacted segments, for test vectors.

import { pageBytes } from '../src/storage/log/segment.ts';
import type { MemoryDisk } from '../tests/support/memory-disk.ts';
import type { QueueVolume } from '../tests/support/queue-volume.ts';
import { clock, folder, formatted, mount } from './vector-volumes.ts';

const options = { segmentBytes: 4 * pageBytes };
/** Longer than all other timers. */
const lookMs = 1000;

/** Waits for a condition without advancing the time. */
async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => setImmediate(resolve));
}

/** Creates segments in which a few messages of two queues remain. */
async function filled(): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await mount(disk, 'compacted', { ...options, compaction: { lookMs: 1e9 } });
  for (let queue = 1; queue <= 3; queue++) life.declare(queue);
  await life.synced();
  for (let i = 0; i < 40; i++) {
    const queues = i % 10 === 0 ? [1, 2, 3] : [1];
    const expiresAtMs = i % 20 === 0 ? 90_000 + i : Infinity;
    life.publish(queues, `message ${i}`.padEnd(700, '.'), {
      nowMs: i,
      priority: i % 3,
      expiresAtMs,
    });
    await life.synced();
  }
  for (let i = 0; i < 40; i++) if (i % 10 !== 5) life.settle(1, i);
  await life.synced();
  await life.close();
  return disk;
}

/** Mounts the volume and waits until it has been compacted. */
async function compact(disk: MemoryDisk, history: string): Promise<QueueVolume> {
  let isDone = false;
  const life = await mount(disk, history, {
    ...options,
    compaction: { lookMs, looksMin: 0, share: 1 },
    onCompacted: () => {
      isDone = true;
    },
  });
  // The timer is set after the processing of the first synced group.
  let turns = 0;
  await until(() => ++turns > 100);
  clock.advance(lookMs);
  await until(() => isDone);
  life.publish([2], 'afterwards', { nowMs: 1000 });
  life.settle(3, 0);
  await life.synced();
  return life;
}

/** A compacted and closed volume. `history` distinguishes compactions of the same volume. */
export async function compacted(history = 'compacted once'): Promise<MemoryDisk> {
  const disk = await filled();
  await (await compact(disk, history)).close();
  return disk;
}

/** A compacted volume after a crash, with files of segments that its table does not name. */
export async function compactedKilled(): Promise<MemoryDisk> {
  const disk = await filled();
  const life = await compact(disk, 'compacted once');
  const before = Buffer.from(disk.bytes(`${folder}/mark`));
  clock.advance(600);
  await until(() => !disk.bytes(`${folder}/mark`).equals(before));
  const left = disk.copy();
  await life.close();
  left.put(`${folder}/compact-7`, left.bytes(`${folder}/compact-1`).subarray(0, pageBytes * 2));
  return left;
}
