import { pageBytes } from '../src/storage/log/segment.ts';
import type { MemoryDisk } from '../tests/support/memory-disk.ts';
import type { QueueVolume } from '../tests/support/queue-volume.ts';
import { clock, folder, formatted, mount } from './vector-volumes.ts';

const options = { segmentBytes: 4 * pageBytes };
/** Far from any other timer. */
const lookMs = 1000;

/** Waits for something, which needs no time to pass. */
async function until(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => setImmediate(resolve));
}

/** Segments of which some messages of two queues are left. */
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
  // The timer is set when all is done about the first group that was synced.
  let turns = 0;
  await until(() => ++turns > 100);
  clock.advance(lookMs);
  await until(() => isDone);
  life.publish([2], 'afterwards', { nowMs: 1000 });
  life.settle(3, 0);
  await life.synced();
  return life;
}

/** A volume that was compacted and closed; `history` tells compactions apart that have the same past. */
export async function compacted(history = 'compacted once'): Promise<MemoryDisk> {
  const disk = await filled();
  await (await compact(disk, history)).close();
  return disk;
}

/** The same, killed: a start finds files of segments that the table does not name. */
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
