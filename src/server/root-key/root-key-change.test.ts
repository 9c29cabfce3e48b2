import assert from 'node:assert/strict';
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SeededRandom } from '../../../tests/support/seeded-random.ts';
import { SimDisk } from '../../../tests/support/sim-disk.ts';
import { parseLine, Trail, trailTimeline } from '../../audit/trail.ts';
import { keyFromBytes } from '../../crypto/derive.ts';
import type { Disk } from '../../storage/disk.ts';
import { Log } from '../../storage/log.ts';
import { StateStore } from '../../storage/state-store.ts';
import { readVolumeHeader, Volume } from '../../storage/volume.ts';
import { ServerError } from '../errors.ts';
import { Installation } from '../installation.ts';
import { changeWrapping } from './root-key-change.ts';
import { recordRootKey } from './root-key-record.ts';
import type { FileSource } from './source.ts';
import { readWrapping, unwrapDataKey, wrapDataKey } from './wrapping.ts';

const root = mkdtempSync(join(tmpdir(), 'waxwing-root-key-'));
after(() => rmSync(root, { recursive: true }));
const seedMax = process.env['WAXWING_LONG'] === '1' ? 3 : 1;
const folder = '/data/system';
const owner = { folder: '/data', volumeId: `sys-${'0'.repeat(17)}` };
const place = { region: 'eu-central-1', accountId: '1'.repeat(12) };

function keyFile(name: string): FileSource {
  const file = join(root, name);
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return { kind: 'file', configFolder: root, file };
}

const [earlier, later] = [keyFile('earlier.key'), keyFile('later.key')];

/** A system volume that is open, with as much of its state as a change of the root key needs. */
async function open(disk: Disk, source: FileSource) {
  const { wrappedKey } = await readVolumeHeader(disk, folder);
  const dataKey = keyFromBytes(await unwrapDataKey(source, owner, wrappedKey));
  const volume = await Volume.open(disk, folder, dataKey);
  const [installation, trail] = [new Installation(dataKey), new Trail()];
  const store = new StateStore([installation, trail] as never[], [trailTimeline]);
  await Log.open(volume, store, {
    onDurable: (group) => store.onDurable(group),
    onFailed: (error) => store.onFailed(error),
  });
  store.recovered();
  const recording = { installation, trail, store, ...place };
  await recordRootKey(volume, recording);
  const events = async () => {
    const lines: string[] = [];
    const range = { fromMs: 0, toMs: Infinity, newestFirst: false };
    for await (const { bytes } of store.readTimeline(trailTimeline, range)) {
      lines.push(JSON.stringify(parseLine(bytes).event));
    }
    return lines;
  };
  const close = async () => {
    await store.close();
    await volume.close();
  };
  return { volume, installation, recording, events, close };
}

/** A volume whose root key is the earlier one, with something in it. */
async function made(random: SeededRandom): Promise<SimDisk> {
  const disk = new SimDisk(random);
  const booted = disk.boot();
  const dataKey = randomBytes(32);
  const change = { atMs: 1_700_000_000_000, id: randomBytes(16) };
  const wrappedKey = await wrapDataKey(earlier, owner, dataKey, change);
  const volume = { id: owner.volumeId, kind: 'system', wrappedKey } as const;
  await Volume.format(booted, folder, volume, createSecretKey(dataKey));
  const { installation, recording, close } = await open(booted, earlier);
  await recording.store.commit(installation.initialize('eu-west-3'));
  await close();
  return disk;
}

async function change(disk: Disk): Promise<void> {
  const { volume, recording, close } = await open(disk, earlier);
  await changeWrapping(volume, owner, earlier, later, recording);
  await close();
}

/** Runs something until it is done or the power fails. Returns whether it is done. */
async function untilCut(disk: SimDisk, run: (booted: Disk) => Promise<unknown>): Promise<boolean> {
  let isDone = false;
  const running = run(disk.boot()).then(() => {
    isDone = true;
  });
  running.catch(() => {});
  while (!isDone && !disk.isCut) {
    await Promise.race([running, new Promise((resolve) => setImmediate(resolve))]);
  }
  return isDone;
}

/** The sources that open the volume. */
async function openers(disk: SimDisk): Promise<FileSource[]> {
  const { wrappedKey } = await readVolumeHeader(disk.boot(), folder);
  const found: FileSource[] = [];
  for (const source of [earlier, later]) {
    try {
      await unwrapDataKey(source, owner, wrappedKey);
      found.push(source);
    } catch (error) {
      assert.ok(error instanceof ServerError && error.code === 'root-key-wrong');
    }
  }
  return found;
}

/** Requires that one root key opens the volume, and that the trail says so; returns which. */
async function requireWhole(disk: SimDisk, random: SeededRandom): Promise<FileSource> {
  const [source, ...others] = await openers(disk);
  assert.ok(source !== undefined && others.length === 0, 'one root key opens the volume');
  // The power may fail again while the volume recovers.
  disk.cutAt = disk.changeCount + 1 + random.below(12);
  await untilCut(disk, async (booted) => (await open(booted, source)).close());
  disk.cutAt = Infinity;
  const { volume, installation, events, close } = await open(disk.boot(), source);
  const lines = await events();
  const { kind, changeId } = readWrapping(volume.header.wrappedKey);
  assert.deepEqual([installation.region, installation.rootKey?.kind], ['eu-west-3', kind]);
  assert.equal(installation.rootKey?.changeId, changeId);
  assert.equal(lines.length, source === later ? 1 : 0);
  for (const line of lines) {
    assert.match(line, /"eventName":"ChangeRootKey"/);
    for (const { file = '' } of [earlier, later]) {
      assert.ok(!line.includes(readFileSync(file, 'utf8').trim()));
    }
  }
  await close();
  return source;
}

test('a power failure at any write leaves the old or the new root key, and the trail knows which', async () => {
  const outcomes = new Set<FileSource>();
  for (let seed = 1; seed <= seedMax; seed++) {
    const random = new SeededRandom(seed);
    const start = await made(random);
    let isDone = false;
    let cutCount = 0;
    for (let n = 1; !isDone; n++) {
      const disk = start.clone(new SeededRandom(seed * 1000 + n));
      disk.cutAt = disk.changeCount + n;
      isDone = await untilCut(disk, change);
      disk.cutAt = Infinity;
      if (!isDone) cutCount++;
      outcomes.add(await requireWhole(disk, random));
    }
    assert.ok(cutCount > 15, `there were only ${cutCount} writes`);
  }
  assert.equal(outcomes.size, 2);
});

test('a second process cannot change the root key at the same time', async () => {
  const disk = await made(new SeededRandom(7));
  const booted = disk.boot();
  const { volume, recording, close } = await open(booted, earlier);
  await assert.rejects(open(booted, earlier), { code: 'folder-locked' });
  await changeWrapping(volume, owner, earlier, later, recording);
  // A second change from the earlier key does not undo the first one.
  await assert.rejects(changeWrapping(volume, owner, earlier, later, recording), {
    code: 'root-key-wrong',
  });
  await close();
  assert.deepEqual(await openers(disk), [later]);
});
