import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { MemoryDisk } from '../../../tests/support/memory-disk.ts';
import { systemRandom } from '../../base/random.ts';
import { ErasableSecrets, secretsFiles } from './erasable-secrets.ts';

const folder = '/keys';
const headBytes = 4096;
const slotBytes = 64;
const key = createSecretKey(systemRandom.bytes(32));

async function opened(disk: MemoryDisk, used: readonly number[] = [], own = key) {
  const secrets = new ErasableSecrets({ disk, folder, key: own, random: systemRandom });
  await secrets.open();
  await secrets.keep(new Set(used));
  return secrets;
}

/** The bytes of a slot in a file, which can be changed. */
function slotIn(disk: MemoryDisk, file: string, slot: number): Buffer {
  const start = headBytes + slot * slotBytes;
  return disk.bytes(`${folder}/${file}`).subarray(start, start + slotBytes);
}

function secretOf(secrets: ErasableSecrets, slot: number): string {
  return secrets.use(slot, (secret) => secret.toString('hex'));
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}

test('secrets are random, and the same after a restart', async () => {
  const disk = new MemoryDisk();
  const secrets = await opened(disk);
  const slots = [await secrets.reserve(), await secrets.reserve()];
  const known = slots.map((slot) => secretOf(secrets, slot));
  assert.notEqual(known[0], known[1]);
  const next = await opened(disk, slots);
  assert.deepEqual(
    slots.map((slot) => secretOf(next, slot)),
    known,
  );
});

test('a secret is in both files before it is given out, and in neither once it is erased', async () => {
  const disk = new MemoryDisk();
  const secrets = await opened(disk);
  const slot = await secrets.reserve();
  const plain = Buffer.from(secretOf(secrets, slot), 'hex');
  for (const file of secretsFiles) {
    assert.equal(isZero(slotIn(disk, file, slot)), false);
    assert.equal(disk.bytes(`${folder}/${file}`).includes(plain), false, 'it is sealed');
  }
  const erased = secrets.erase([slot]);
  assert.throws(() => secretOf(secrets, slot), { code: 'volume-damaged' });
  await erased;
  for (const file of secretsFiles) assert.ok(isZero(slotIn(disk, file, slot)));
});

test('a start erases the secrets that nothing uses any more', async () => {
  const disk = new MemoryDisk();
  const before = await opened(disk);
  const slots = [await before.reserve(), await before.reserve()];
  const [kept = 0, gone = 0] = slots;
  const secret = secretOf(before, gone);
  const after = await opened(disk, [kept]);
  // The slot can have a new secret by now.
  for (let i = 0; i < 64; i++) {
    const slot = await after.reserve();
    assert.notEqual(slot, kept);
    assert.notEqual(secretOf(after, slot), secret);
  }
});

for (const file of secretsFiles) {
  test(`damage in ${file} is repaired from the other file`, async () => {
    const disk = new MemoryDisk();
    const before = await opened(disk);
    const slot = await before.reserve();
    const secret = secretOf(before, slot);
    slotIn(disk, file, slot).fill(7);
    assert.equal(secretOf(await opened(disk, [slot]), slot), secret);
    const [first, second] = secretsFiles.map((name) => slotIn(disk, name, slot));
    assert.deepEqual(first, second);
  });

  test(`${file} is written again if it is gone or its header is damaged`, async () => {
    const disk = new MemoryDisk();
    const before = await opened(disk);
    const slot = await before.reserve();
    const secret = secretOf(before, slot);
    await disk.remove(`${folder}/${file}`);
    assert.equal(secretOf(await opened(disk, [slot]), slot), secret);
    disk.bytes(`${folder}/${file}`).fill(0, 0, 100);
    assert.equal(secretOf(await opened(disk, [slot]), slot), secret);
    assert.equal(isZero(slotIn(disk, file, slot)), false);
  });
}

test('a secret in use that is damaged in both files is damage of the data folder', async () => {
  const disk = new MemoryDisk();
  const before = await opened(disk);
  const slot = await before.reserve();
  for (const file of secretsFiles) slotIn(disk, file, slot).fill(7);
  await assert.rejects(opened(disk, [slot]), { code: 'volume-damaged' });
  await assert.rejects(opened(new MemoryDisk(), [slot]), { code: 'volume-damaged' });
});

test('an older copy of one file is detected where a slot has another secret', async () => {
  const disk = new MemoryDisk();
  const before = await opened(disk);
  const older = disk.copy();
  const slot = await before.reserve();
  await before.erase([slot]);
  let again = await before.reserve();
  while (again !== slot) again = await before.reserve();
  disk.put(`${folder}/secrets-1`, older.bytes(`${folder}/secrets-1`));
  await assert.rejects(opened(disk, [slot]), { code: 'volume-damaged' });
});

test('the secrets of another key are damage', async () => {
  const disk = new MemoryDisk();
  const slot = await (await opened(disk)).reserve();
  const other = createSecretKey(systemRandom.bytes(32));
  await assert.rejects(opened(disk, [slot], other), { code: 'volume-damaged' });
});

test('files of a later format are refused', async () => {
  const disk = new MemoryDisk();
  await opened(disk);
  disk.bytes(`${folder}/secrets-1`)[8] = 2;
  await assert.rejects(opened(disk), { code: 'format-too-new' });
});

test('an erasure that failed is done by the next attempt, and the secret stays unusable', async () => {
  const disk = new MemoryDisk();
  const secrets = await opened(disk);
  const slot = await secrets.reserve();
  disk.fail('sync', 'EIO', 1, /secrets-1/);
  await assert.rejects(secrets.erase([slot]), { code: 'disk-failed' });
  assert.throws(() => secretOf(secrets, slot), { code: 'volume-damaged' });
  assert.equal(isZero(slotIn(disk, 'secrets-2', slot)), false);
  await secrets.flush();
  for (const file of secretsFiles) assert.ok(isZero(slotIn(disk, file, slot)));
});

test('whoever waits for a secret learns that the disk is full', async () => {
  const disk = new MemoryDisk();
  const secrets = await opened(disk);
  disk.fail('write', 'ENOSPC', Infinity, /secrets-1/);
  await assert.rejects(
    async () => {
      for (let i = 0; i < 1000; i++) await secrets.reserve();
    },
    { code: 'disk-failed' },
  );
});

test('many secrets can be reserved at the same time, each once', async () => {
  const secrets = await opened(new MemoryDisk());
  const slots = await Promise.all(Array.from({ length: 500 }, () => secrets.reserve()));
  assert.equal(new Set(slots).size, slots.length);
  assert.equal(new Set(slots.map((slot) => secretOf(secrets, slot))).size, slots.length);
});

test('a check reads the secrets and changes nothing', async () => {
  const disk = new MemoryDisk();
  const before = await opened(disk);
  const slot = await before.reserve();
  const bytes = secretsFiles.map((file) => Buffer.from(disk.bytes(`${folder}/${file}`)));
  const check = new ErasableSecrets({ disk, folder, key, random: systemRandom });
  await check.openForReading();
  await check.keep(new Set([slot]), true);
  assert.equal(secretOf(check, slot), secretOf(before, slot));
  assert.deepEqual(
    secretsFiles.map((file) => disk.bytes(`${folder}/${file}`)),
    bytes,
  );
  const none = new ErasableSecrets({ disk: new MemoryDisk(), folder, key, random: systemRandom });
  await none.openForReading();
  await none.keep(new Set(), true);
});

test('a copy has the secrets in use, and erased ones are not in it even before the disk has erased them', async () => {
  const disk = new MemoryDisk();
  const secrets = await opened(disk);
  const [kept, gone] = [await secrets.reserve(), await secrets.reserve()];
  const known = secretOf(secrets, kept);
  disk.fail('write', 'EIO');
  await assert.rejects(secrets.erase([gone]));
  const copy = new MemoryDisk();
  for (const { name, bytes } of secrets.contents()) copy.put(`${folder}/${name}`, bytes);
  const before = Buffer.from(copy.bytes(`${folder}/${secretsFiles[0]}`));
  await secrets.flush();
  assert.deepEqual(copy.bytes(`${folder}/${secretsFiles[0]}`), before, 'it is a copy');
  await assert.rejects(opened(copy, [kept, gone]), { code: 'volume-damaged' });
  assert.equal(secretOf(await opened(copy, [kept]), kept), known);
});
