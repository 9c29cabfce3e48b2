// Volumes with a stream, for test vectors.

import { pageBytes } from '../src/storage/log/segment.ts';
import type { MemoryDisk } from '../tests/support/memory-disk.ts';
import { formatted, mount } from './vector-volumes.ts';

const options = { segmentBytes: 6 * pageBytes };

/**
 * A volume with queue 1 and stream 2, from which the first messages were removed: closed, or killed in
 * another mount.
 */
export async function stream(end: 'closed' | 'killed'): Promise<MemoryDisk> {
  const disk = await formatted();
  const life = await mount(disk, 'stream', options);
  life.declare(1);
  life.declareStream(2, 500);
  await life.synced();
  for (let i = 0; i < 20; i++) {
    life.publish(i % 3 === 0 ? [1, 2] : [2], `message ${i}`, { nowMs: 1000 + i });
    if (i % 4 === 3) await life.synced();
  }
  const index = life.stream(2);
  while (index.excessEnd(1500, 0) >= 0) life.store.truncate(index, index.excessEnd(1500, 0));
  await life.synced();
  await life.close();
  if (end === 'closed') return disk;
  const again = await mount(disk, 'stream again', options);
  again.stream(2).segmentBytesMax = 500;
  again.publish([2], 'again', { nowMs: 2000 });
  again.store.truncate(again.stream(2), again.stream(2).excessEnd(0, 0));
  await again.synced();
  const left = disk.copy();
  await again.close();
  return left;
}
