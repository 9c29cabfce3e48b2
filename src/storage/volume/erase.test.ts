import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { eraseVolumeHeader } from './erase.ts';

test('the header is overwritten, and so are those that a crash left while it was replaced', async () => {
  const disk = new MemoryDisk();
  disk.put('/v/volume', Buffer.from('the wrapped key'));
  disk.put('/v/volume.old', Buffer.from('the wrapped key before'));
  disk.put('/v/volume.new', Buffer.from('the next wrapped key'));
  disk.put('/v/seg-1', Buffer.from('data'));
  await eraseVolumeHeader(disk, '/v');
  assert.deepEqual(disk.bytes('/v/volume'), Buffer.alloc('the wrapped key'.length));
  assert.deepEqual(disk.bytes('/v/volume.old'), Buffer.alloc('the wrapped key before'.length));
  assert.deepEqual(disk.bytes('/v/volume.new'), Buffer.alloc('the next wrapped key'.length));
  assert.equal(disk.bytes('/v/seg-1').toString(), 'data');
  await eraseVolumeHeader(new MemoryDisk(), '/v');
});
