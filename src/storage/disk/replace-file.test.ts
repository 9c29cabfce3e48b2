import assert from 'node:assert/strict';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { systemDisk } from '../disk.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-replace-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'file');
const contents = () => readFileSync(file, 'utf8');

test('a file is not replaced before what it waits for', async () => {
  await systemDisk.replace(file, Buffer.from('before'));
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const replaced = systemDisk.replace(file, Buffer.from('after'), { after: begun });
  while (!readdirSync(folder).includes('file.new')) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(contents(), 'before');
  begin();
  await replaced;
  assert.equal(contents(), 'after');
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('a file is not replaced if what it waits for fails', async () => {
  await systemDisk.replace(file, Buffer.from('before'));
  const failed = Promise.reject(new Error('no mark'));
  const options = { isErasing: true, after: failed };
  await assert.rejects(systemDisk.replace(file, Buffer.from('after'), options), /no mark/);
  assert.equal(contents(), 'before');
  // What the attempt left is removed by the next one.
  await systemDisk.replace(file, Buffer.from('next'), { isErasing: true });
  assert.equal(contents(), 'next');
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('a draft that a crash left is overwritten before it is removed', async () => {
  writeFileSync(`${file}.new`, 'left by a crash');
  const left = openSync(`${file}.new`, 'r');
  await systemDisk.replace(file, Buffer.from('next'), { isErasing: true });
  assert.equal(readFileSync(left, 'latin1'), '\0'.repeat('left by a crash'.length));
  closeSync(left);
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('the contents are overwritten after the promise of the callback', async () => {
  await systemDisk.replace(file, Buffer.from('first'));
  const seen: string[] = [];
  await systemDisk.replace(file, Buffer.from('second'), {
    isErasing: true,
    replaced: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(contents(), readFileSync(`${file}.old`, 'utf8'));
    },
  });
  assert.deepEqual(seen, ['second', 'first']);
  assert.deepEqual(readdirSync(folder), ['file']);
});
