import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eraseFile, keyFileOf, readKeyFile, writeKeyFile } from './key-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'waxwing-key-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const id = 'fs-0123456789abcdef0';
const keys = [
  { generation: 0, wrappedKey: Buffer.from('first') },
  { generation: 1, wrappedKey: Buffer.from([0, 255, 7]) },
];

test('the wrapped keys of a volume are read back, the newest first', async () => {
  await writeKeyFile(folder, id, keys);
  assert.deepEqual(await readKeyFile(folder, id), keys.toReversed());
});

test('the keys of another volume, and damaged files, are refused', async () => {
  await writeKeyFile(folder, id, keys);
  const text = readFileSync(keyFileOf(folder), 'utf8');
  const damaged = { code: 'volume-damaged' };
  await assert.rejects(readKeyFile(folder, 'fs-00000000000000000'), damaged);
  const changes: [string, string][] = [
    ['"format": 1', '"format": 2'],
    ['"generation": 1', '"generation": 1.5'],
    ['{', ''],
    ['"wrappedKey": "', '"wrappedKey": 7, "x": "'],
  ];
  for (const [from, to] of changes) {
    writeFileSync(keyFileOf(folder), text.replace(from, to));
    await assert.rejects(readKeyFile(folder, id), damaged, to);
  }
  writeFileSync(keyFileOf(folder), `${text}${' '.repeat(64 * 1024)}`);
  await assert.rejects(readKeyFile(folder, id), damaged);
});

test('an erased key file has only zeros, and a missing one is not an error', async () => {
  await writeKeyFile(folder, id, keys);
  const { length } = readFileSync(keyFileOf(folder));
  await eraseFile(keyFileOf(folder));
  assert.deepEqual(readFileSync(keyFileOf(folder)), Buffer.alloc(length));
  await eraseFile(join(folder, 'none'));
  await assert.rejects(readKeyFile(join(folder, 'none'), id), { code: 'volume-missing' });
});
