import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { after, test } from 'node:test';
import { MemoryDisk } from '../../tests/support/memory-disk.ts';
import { keyFromBytes } from '../crypto/derive.ts';
import { type ReplaceOptions, systemDisk } from './disk.ts';
import { readVolumeHeader, Volume } from './volume.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

const dataKey = keyFromBytes(randomBytes(32));
const wrappedKey = Buffer.from('sealed elsewhere');

async function formatted(): Promise<string> {
  const folder = await mkdtemp(`${tmpdir()}/waxwing-volume-`);
  folders.push(folder);
  await Volume.format(systemDisk, folder, { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  return folder;
}

test('the wrapped key of a volume is readable without the data key, which opens the volume', async () => {
  const folder = await formatted();
  const header = await readVolumeHeader(systemDisk, folder);
  assert.deepEqual([header.id, header.kind], ['vol-1', 'broker']);
  assert.deepEqual(header.wrappedKey, wrappedKey);
  const volume = await Volume.open(systemDisk, folder, dataKey);
  assert.equal(volume.header.state, 'new');
  await volume.rewrap(Buffer.from('sealed anew'));
  await volume.close();
  const again = await readVolumeHeader(systemDisk, folder);
  assert.equal(again.wrappedKey.toString(), 'sealed anew');
  assert.equal(again.rewrapCount, 1);
});

test('a volume is not created over an existing one', async () => {
  const folder = await formatted();
  const volume = { id: 'vol-2', kind: 'broker', wrappedKey } as const;
  await assert.rejects(Volume.format(systemDisk, folder, volume, dataKey), {
    code: 'volume-exists',
  });
});

test('a wrong data key does not open a volume and leaves it unlocked', async () => {
  const folder = await formatted();
  const other = keyFromBytes(randomBytes(32));
  await assert.rejects(Volume.open(systemDisk, folder, other), { code: 'wrong-key' });
  await (await Volume.open(systemDisk, folder, dataKey)).close();
});

test('every changed bit of the header is detected', async () => {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  const bytes = Buffer.from(disk.bytes('/v/volume'));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    disk.put('/v/volume', changed);
    await assert.rejects(Volume.open(disk, '/v', dataKey), (error: { code?: string }) =>
      ['not-a-volume', 'format-too-new', 'wrong-key'].includes(error.code ?? ''),
    );
  }
});

test('a newer volume format is rejected with both versions', async () => {
  const folder = await formatted();
  const bytes = await readFile(`${folder}/volume`);
  bytes.writeUInt16BE(7, 8);
  await writeFile(`${folder}/volume`, bytes);
  await assert.rejects(Volume.open(systemDisk, folder, dataKey), {
    code: 'format-too-new',
    message: /has format 7; this program reads up to 3/,
  });
});

test('a folder without a volume is named in the error', async () => {
  const expected = { code: 'not-a-volume', message: 'there is no volume in /nonexistent' };
  await assert.rejects(readVolumeHeader(systemDisk, '/nonexistent'), expected);
  await assert.rejects(Volume.open(systemDisk, '/nonexistent', dataKey), expected);
});

test('a volume can be opened once, and again after it is closed', async () => {
  const folder = await formatted();
  const volume = await Volume.open(systemDisk, folder, dataKey);
  await assert.rejects(Volume.open(systemDisk, folder, dataKey), {
    code: 'folder-locked',
    message: new RegExp(`process ${process.pid}`),
  });
  await volume.close();
  await (await Volume.open(systemDisk, folder, dataKey)).close();
});

test('a change of the state does not wait until the replaced header is overwritten', async () => {
  const folder = '/v';
  const made = { id: 'vol-1', kind: 'broker', wrappedKey } as const;
  let erase: (error?: Error) => void = () => {};
  class ErasingDisk extends MemoryDisk {
    override async replace(
      file: string,
      bytes: Uint8Array,
      { isErasing, replaced }: ReplaceOptions = {},
    ): Promise<void> {
      await super.replace(file, bytes);
      void replaced?.();
      if (isErasing !== true) return;
      await new Promise<void>((resolve, reject) => {
        erase = (error) => (error === undefined ? resolve() : reject(error));
      });
    }
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const disk = new ErasingDisk();
  await Volume.format(disk, folder, made, dataKey);
  const volume = await Volume.open(disk, folder, dataKey);
  await volume.update({ epoch: 1 });
  assert.equal(volume.header.epoch, 1);
  let isRewrapped = false;
  const rewrapped = volume.rewrap(Buffer.from('again')).then(() => {
    isRewrapped = true;
  });
  await turn();
  // It begins after the first overwriting, and waits for its own.
  assert.deepEqual(volume.header.wrappedKey, made.wrappedKey);
  erase();
  await turn();
  assert.deepEqual([volume.header.wrappedKey, isRewrapped], [Buffer.from('again'), false]);
  erase();
  await rewrapped;
  await volume.update({ epoch: 2 });
  erase(new Error('no overwriting'));
  await turn();
  await assert.rejects(volume.update({ epoch: 3 }), /no overwriting/);
  assert.equal(volume.header.epoch, 2);
  await assert.rejects(volume.close(), /no overwriting/);
  // The lock is released in any case.
  await (await Volume.open(disk, folder, dataKey)).close();
});

test('the overwriting of a replaced header ends before the next change and before the volume is closed', async () => {
  const folder = await formatted();
  const volume = await Volume.open(systemDisk, folder, dataKey);
  const former = `${folder}/volume.old`;
  await volume.update({ epoch: 1 });
  assert.equal(existsSync(former), true); // a start does not wait for it
  await volume.update({ epoch: 2 });
  await volume.rewrap(Buffer.from('again'));
  assert.equal(existsSync(former), false);
  await volume.update({ epoch: 3 });
  await volume.close();
  assert.equal(existsSync(former), false);
});

/** A disk on which a file is replaced only some turns later. */
class SlowDisk extends MemoryDisk {
  override async replace(file: string, bytes: Uint8Array): Promise<void> {
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    await super.replace(file, bytes);
  }
}

test('concurrent header changes are all applied', async () => {
  const disk = new SlowDisk();
  await Volume.format(disk, '/v', { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  const volume = await Volume.open(disk, '/v', dataKey);
  disk.fail('replace', 'ENOSPC');
  await Promise.all([
    assert.rejects(volume.update({ state: 'closed' }), { code: 'disk-failed' }),
    volume.rewrap(Buffer.from('sealed anew')),
    volume.update({ state: 'open', epoch: 7 }),
    volume.rewrap(Buffer.from('and once more')),
  ]);
  const header = await readVolumeHeader(disk, '/v');
  assert.deepEqual(
    [header.state, header.epoch, header.rewrapCount, header.wrappedKey.toString()],
    ['open', 7, 2, 'and once more'],
  );
});

test('a header changes from new to open to closed, and each change keeps the other fields', async () => {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', { id: 'vol-é', kind: 'system', wrappedKey }, dataKey);
  const volume = await Volume.open(disk, '/v', dataKey);
  const { header: made } = volume;
  assert.deepEqual([made.state, made.epoch, made.position.segment], ['new', 0, 0]);
  const position = { segment: 2 ** 40, blocks: 2 ** 32 - 1 };
  const endTag = randomBytes(16);
  for (const change of [
    { state: 'open', epoch: 2 ** 53 - 1 },
    { position, endTag },
    { state: 'closed', wrappedKey: randomBytes(5000), rewrapCount: 9 },
  ] as const) {
    const expected = { ...volume.header, ...change };
    await volume.update(change);
    assert.deepEqual(await readVolumeHeader(disk, '/v'), expected);
  }
  await volume.close();
});

test('a header with a wrong length or an unknown kind or state is rejected', async () => {
  const disk = new MemoryDisk();
  await Volume.format(disk, '/v', { id: 'vol-1', kind: 'broker', wrappedKey }, dataKey);
  const bytes = Buffer.from(disk.bytes('/v/volume'));
  const changed = (at: number, value: number) => {
    const copy = Buffer.from(bytes);
    copy[at] = value;
    return copy;
  };
  const wrong = [
    ...Array.from({ length: bytes.length }, (_, size) => bytes.subarray(0, size)),
    Buffer.concat([bytes, Buffer.alloc(1)]),
    changed(10, 2),
    changed(11, 3),
  ];
  for (const each of wrong) {
    disk.put('/v/volume', each);
    await assert.rejects(Volume.open(disk, '/v', dataKey), { code: 'not-a-volume' });
    await assert.rejects(readVolumeHeader(disk, '/v'), { code: 'not-a-volume' });
  }
});

test('a volume is created in a folder whose parents do not exist yet', async () => {
  const parent = await mkdtemp(`${tmpdir()}/waxwing-volume-`);
  folders.push(parent);
  const folder = `${parent}/a/b`;
  await Volume.format(systemDisk, folder, { id: 'vol-1', kind: 'system', wrappedKey }, dataKey);
  assert.equal((await readVolumeHeader(systemDisk, folder)).kind, 'system');
  await assert.rejects(
    Volume.format(systemDisk, folder, { id: 'vol-1', kind: 'system', wrappedKey }, dataKey),
    { code: 'volume-exists' },
  );
});
