import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import { LiveSegment } from '../log/live-segment.ts';
import { compactedFrom, noEnd, segmentKey } from '../log/segment.ts';
import { SegmentFiles } from '../log/segment-files.ts';
import { Volume } from '../volume.ts';
import { CompactedFile } from './compacted-file.ts';

test('a record of several blocks after a larger one is written completely', async () => {
  const disk = new MemoryDisk();
  const key = keyFromBytes(Buffer.alloc(32, 7));
  const identity = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(disk, 'v', identity, key);
  const volume = await Volume.open(disk, 'v', key);
  const common = { format: 2, epoch: 1, generation: 0, predecessor: noEnd } as const;
  const header = { ...common, segment: compactedFrom + 1, salt: Buffer.alloc(32) };
  const sealing = segmentKey(volume, header);
  assert.ok(sealing !== undefined);
  const segment = new LiveSegment(header, sealing);
  const file = new CompactedFile(new SegmentFiles(volume, false), segment);
  const sizes = [900, 200, 10, 500, 131, 1020, 140].map((size) => size * 1024);
  for (const size of sizes) file.add(1, Buffer.alloc(size, 1), 0, size);
  await file.end();
  const end = segment.lastOffset + (segment.lengths[segment.end?.blocks ?? 0] ?? 0);
  const sizeBytes = disk.bytes('v/compact-1').length;
  assert.ok(sizeBytes > end, `${sizeBytes} bytes instead of more than ${end}`);
});
