import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { authoritiesFile, readableFolder, readSmallFile } from './small-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-small-file-'));
after(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test('a file is read up to 1 MiB, whatever it says about its size', async () => {
  const largest = 'x'.repeat(1024 * 1024);
  assert.equal(await readSmallFile('--a', fileWith('largest', largest)), largest);
  await assert.rejects(
    readSmallFile('--a', fileWith('larger', `${largest}x`)),
    /^ServerError: --a: \S+larger has 1048577 bytes; the maximum is 1048576$/,
  );
  await assert.rejects(
    readSmallFile('--a', '/dev/zero'),
    /^ServerError: --a: \/dev\/zero has more bytes; the maximum is 1048576$/,
  );
});

test('what is no file that can be read is told with the option', async () => {
  const missing = join(folder, 'missing');
  await assert.rejects(
    readSmallFile('--a', missing),
    /--a: \S+missing cannot be opened \(ENOENT\)$/,
  );
  await assert.rejects(readSmallFile('--a', folder), /--a: \S+ cannot be read \(EISDIR\)$/);
  const noCertificate = fileWith('ca.pem', 'a letter');
  await assert.rejects(
    authoritiesFile('--a', noCertificate),
    /--a: \S+ has no certificate in PEM$/,
  );
  await assert.rejects(authoritiesFile('--a', missing), /--a: \S+ cannot be opened \(ENOENT\)$/);
  await assert.rejects(
    readableFolder('--a', missing),
    /--a: the folder \S+ cannot be read \(ENOENT\)$/,
  );
  await assert.rejects(
    readableFolder('--a', noCertificate),
    /--a: the folder \S+ cannot be read \(ENOTDIR\)$/,
  );
  assert.equal(await readableFolder('--a', `${folder}/.`), folder);
});
