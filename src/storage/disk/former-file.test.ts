import assert from 'node:assert/strict';
import {
  linkSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { systemDisk } from '../disk.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxwing-former-'));
  file = join(folder, 'volume');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the blocks of a file contain now, whatever its name is. */
function blocksOf(fd: number): string {
  const bytes = Buffer.alloc(64);
  return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0));
}

test('the contents of a replaced file are overwritten, and its second name is removed', async () => {
  writeFileSync(file, 'the key before');
  const fd = openSync(file, 'r');
  await systemDisk.replace(file, Buffer.from('the key after'), { isErasing: true });
  assert.equal(blocksOf(fd), '\0'.repeat('the key before'.length));
  assert.equal(readFileSync(file, 'latin1'), 'the key after');
  assert.deepEqual(readdirSync(folder), ['volume']);
});

test('without a wish to erase, the contents of a replaced file stay', async () => {
  writeFileSync(file, 'before');
  const fd = openSync(file, 'r');
  await systemDisk.replace(file, Buffer.from('after'));
  assert.equal(blocksOf(fd), 'before');
});

test('what a crash left of a replaced file is overwritten by the next replacement', async () => {
  writeFileSync(join(folder, 'volume.old'), 'left by a crash');
  const fd = openSync(join(folder, 'volume.old'), 'r');
  writeFileSync(file, 'current');
  await systemDisk.replace(file, Buffer.from('next'), { isErasing: true });
  assert.equal(blocksOf(fd), '\0'.repeat('left by a crash'.length));
  assert.deepEqual(readdirSync(folder), ['volume']);
});

test('if a crash came before the replacement, the file keeps its contents', async () => {
  writeFileSync(file, 'current');
  linkSync(file, join(folder, 'volume.old'));
  // The draft cannot be created, so the file is not replaced.
  await assert.rejects(
    systemDisk.replace(join(folder, 'none', 'x'), Buffer.from('x'), { isErasing: true }),
  );
  await systemDisk.replace(file, Buffer.from('next'), { isErasing: true });
  assert.equal(readFileSync(file, 'utf8'), 'next');
  assert.deepEqual(readdirSync(folder), ['volume']);
});

test('a file that does not exist yet is created', async () => {
  await systemDisk.replace(file, Buffer.from('first'), { isErasing: true });
  assert.deepEqual(readdirSync(folder), ['volume']);
});
