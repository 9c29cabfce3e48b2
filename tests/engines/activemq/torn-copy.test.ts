// Copies of journals on an encrypted volume, of which a power failure has interrupted a write.

import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findPairInstallation } from '../../../src/engines/activemq/installation.ts';
import { cutTorn, JournalCopy } from '../../../src/engines/activemq/replicas/journal-copy.ts';
import { endMark } from '../../../src/engines/activemq/replicas/journal-format.ts';
import { EncryptedVolume } from '../../../src/volumes/encrypted-volume.ts';
import { mountpointOf } from '../../../src/volumes/mountpoint.ts';
import { journalBatch } from '../../support/journal-batch.ts';

const found = await findPairInstallation(process.env);
const skip = typeof found === 'string' ? `nothing can be mounted here: ${found}` : false;
const root = mkdtempSync(join(tmpdir(), 'waxwing-torn-'));
const id = `fs-${randomBytes(9).toString('hex').slice(0, 17)}`;
const place = { id, folder: join(root, id), mountpoint: mountpointOf(root, id) };
const key = createSecretKey(randomBytes(32));
const volume = new EncryptedVolume(place, () => {});

after(async () => {
  if (skip === false) await volume.destroy();
  rmSync(root, { recursive: true, force: true });
});

/** Changes a byte of a block of the largest encrypted file, so that the block cannot be read. */
async function damage(block: number): Promise<void> {
  await volume.lock({ isForced: false });
  const cipher = join(place.folder, 'cipher');
  const files = readdirSync(cipher, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('gocryptfs'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort((a, b) => statSync(b).size - statSync(a).size);
  const [file = ''] = files;
  const bytes = readFileSync(file);
  const at = 18 + block * 4128 + 100;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(file, bytes);
  await mount();
}

async function mount(): Promise<void> {
  assert.ok(typeof found !== 'string');
  await volume.unlock(key, found.user);
}

test('what cannot be decrypted is cut, and copied again', { skip }, async () => {
  mkdirSync(join(root, 'mounts'), { recursive: true });
  await volume.create(key, Buffer.from('wrapped'));
  await mount();
  const [from, to] = [join(root, 'from'), join(place.mountpoint, 'store')];
  mkdirSync(from);
  const batches = Array.from({ length: 30 }, (_, i) => journalBatch(Buffer.alloc(1000, `${i}`)));
  const whole = Buffer.concat([...batches, endMark]);
  writeFileSync(join(from, 'db-1.log'), whole);
  const copied = () => readFileSync(join(to, 'db-1.log'));
  const copy = () => new JournalCopy(from, to).pass(1_000_000, false, async () => {});
  await copy();
  assert.ok(copied().equals(whole));
  for (const block of [0, 1, 3, 7]) {
    await damage(block);
    assert.throws(copied, { code: 'EIO' });
    await cutTorn(to);
    const count = Math.floor((block * 4096) / 1028);
    assert.ok(copied().equals(Buffer.concat([...batches.slice(0, count), endMark])), `${block}`);
    await copy();
    assert.ok(copied().equals(whole));
    await damage(block);
    await copy();
    assert.ok(copied().equals(whole));
  }
});
