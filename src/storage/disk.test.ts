import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type DiskFile, fromCallback, systemDisk } from './disk.ts';

const page = (value: number): Buffer => Buffer.alloc(4096, value);

/** A file of this many pages of zeros, written through until the disk counts as quick, if it ever does. */
async function withFile(pages: number, use: (file: DiskFile, name: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'disk-'));
  const name = join(folder, 'file');
  const file = await systemDisk.create(name);
  try {
    for (let i = 0; i < pages; i++) {
      await fromCallback((done) => file.writeThrough(i * 4096, [page(0)], done));
    }
    await use(file, name);
  } finally {
    await file.close();
    await rm(folder, { recursive: true });
  }
}

test('a small write reports whether it completed at once, and then it is in the file', () =>
  withFile(40, async (file, name) => {
    for (let i = 0; i < 40; i++) {
      const chunks = [page(i + 1).subarray(0, 40), page(i + 1).subarray(40)];
      const isDone = file.writeThroughAtOnce(i * 4096, chunks);
      const found = (await readFile(name)).subarray(i * 4096, (i + 1) * 4096);
      assert.ok(found.equals(page(isDone ? i + 1 : 0)), `page ${i}: ${isDone}`);
    }
  }));

test('a large write, or one that extends the file, never completes at once', () =>
  withFile(40, async (file, name) => {
    assert.equal(file.writeThroughAtOnce(0, [page(1), page(1), page(1)]), false);
    assert.equal(file.writeThroughAtOnce(40 * 4096, [page(1)]), false);
    assert.equal(file.writeThroughAtOnce(39 * 4096, [page(1), page(1)]), false);
    assert.deepEqual(await readFile(name), Buffer.alloc(40 * 4096));
  }));

test('symbolic links are not followed, and a leftover draft file is not reused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'disk-'));
  const [victim, link] = [join(folder, 'victim'), join(folder, 'link')];
  await writeFile(victim, 'content');
  await symlink(victim, link);
  await assert.rejects(systemDisk.open(link), { code: 'ELOOP' });
  await assert.rejects(systemDisk.create(link), { code: 'EEXIST' });
  await symlink(victim, `${folder}/small.new`);
  await systemDisk.replace(`${folder}/small`, Buffer.from('small'));
  await writeFile(`${folder}/other.new`, 'open to all', { mode: 0o666 });
  await systemDisk.replace(`${folder}/other`, Buffer.from('small'));
  for (const name of ['small', 'other']) {
    assert.equal(await readFile(join(folder, name), 'utf8'), 'small');
    assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  }
  assert.equal(await readFile(victim, 'utf8'), 'content');
  await assert.rejects(systemDisk.open(folder));
  await rm(folder, { recursive: true });
});
