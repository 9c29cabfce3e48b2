import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { deviceAbove, mountsOn, parseMounts } from './mounts.ts';

const lines = [
  '22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw',
  '42 27 0:39 / /run/a\\040b rw,nosuid,nodev shared:7 master:1 - fuse.gocryptfs /c rw,user_id=0',
  '43 42 0:40 / /run/a\\040b rw - tmpfs none rw',
  'not a mount',
].join('\n');

test('mounts are found by their path, with its escapes decoded, the visible one last', () => {
  assert.deepEqual(parseMounts(lines, '/run/a b'), [
    { device: '0:39', type: 'fuse.gocryptfs' },
    { device: '0:40', type: 'tmpfs' },
  ]);
  assert.deepEqual(parseMounts(lines, '/run/a'), []);
});

test('the device of a folder has the number that the list of mounts shows', async () => {
  const [mount] = (await mountsOn('/proc')).slice(-1);
  assert.equal(mount?.type, 'proc');
  assert.equal(mount?.device, await deviceAbove('/proc/self'));
  assert.notEqual(statSync('/proc').dev, statSync('/').dev);
});
