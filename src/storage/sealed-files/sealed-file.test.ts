import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { systemRandom } from '../../base/random.ts';
import { SealedFile, sealFile } from './sealed-file.ts';

const key = createSecretKey(randomBytes(32));
const parts = [Buffer.from('first'), Buffer.alloc(0), randomBytes(3000)];

async function partsOf(bytes: Buffer, name = 'one', fileKey = key): Promise<Buffer[]> {
  const disk = new MemoryDisk();
  disk.put('/file', bytes);
  const file = await SealedFile.open(disk, '/file', fileKey, name);
  const found: Buffer[] = [];
  for (const i of file.sizes.keys()) found.push(await file.part(i));
  return found;
}

test('a sealed file returns its parts, including in another order', async () => {
  const bytes = sealFile(key, 'one', parts, systemRandom);
  assert.deepEqual(await partsOf(bytes), parts);
  assert.equal(bytes.includes('first'), false);
  const disk = new MemoryDisk();
  disk.put('/file', bytes);
  const file = await SealedFile.open(disk, '/file', key, 'one');
  assert.equal(file.fileBytes, bytes.length);
  assert.deepEqual(await file.part(2), parts[2]);
  assert.deepEqual(await file.part(0), parts[0]);
});

test('a file with many parts is read completely', async () => {
  const many = Array.from({ length: 1000 }, (_, i) => Buffer.from(`part ${i}`));
  assert.deepEqual(await partsOf(sealFile(key, 'one', many, systemRandom)), many);
});

test('a change of any byte, and any shorter or longer file, is refused', async () => {
  const bytes = sealFile(key, 'one', [Buffer.from('ab'), Buffer.from('c')], systemRandom);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(partsOf(changed), { code: 'sealed-file-damaged' }, `byte ${at}`);
    await assert.rejects(partsOf(bytes.subarray(0, at)), { code: 'sealed-file-damaged' });
  }
  const longer = Buffer.concat([bytes, Buffer.alloc(1)]);
  await assert.rejects(partsOf(longer), { code: 'sealed-file-damaged' });
});

test('a file under another name or key is refused', async () => {
  const bytes = sealFile(key, 'one', parts, systemRandom);
  await assert.rejects(partsOf(bytes, 'two'), { code: 'sealed-file-damaged' });
  const other = createSecretKey(randomBytes(32));
  await assert.rejects(partsOf(bytes, 'one', other), { code: 'sealed-file-damaged' });
});

test('the same parts are never encrypted to the same bytes', () => {
  const one = sealFile(key, 'one', parts, systemRandom);
  const other = sealFile(key, 'one', parts, systemRandom);
  assert.notDeepEqual(one.subarray(44), other.subarray(44));
});
