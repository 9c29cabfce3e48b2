import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openServiceLog } from '../../src/base/log.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Caller } from '../../src/calls/caller.ts';
import { Engines } from '../../src/control/engines.ts';
import { deriveKey } from '../../src/crypto/derive.ts';
import { withImported } from '../../src/kms/imports/imported-materials.ts';
import type { KeyRecord, MaterialRecord } from '../../src/kms/records.ts';
import type { Result } from '../../src/kms/result.ts';
import { BackupFile } from '../../src/server/backups/backup-file.ts';
import { BackupSession } from '../../src/server/backups/backup-session.ts';
import { sizeOf } from '../../src/server/backups/backup-source.ts';
import { LinkedFiles } from '../../src/server/backups/linked-files.ts';
import { restoreService } from '../../src/server/backups/restore-service.ts';
import { serviceSource } from '../../src/server/backups/service-source.ts';
import { SystemState, sealingKey } from '../../src/server/compose.ts';
import {
  type RecoveredMaterials,
  recoverMaterials,
} from '../../src/server/keys/recovered-materials.ts';
import { brokerLogs, openLogs } from '../../src/server/logs/opened-logs.ts';
import { runScheduledKeyTasks } from '../../src/server/scheduled-key-tasks.ts';
import { openSystemVolume, systemDataKey, systemFolder } from '../../src/server/system-volume.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import { eraseVolumeHeader } from '../../src/storage/volume/erase.ts';
import type { Volume } from '../../src/storage/volume.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// Somebody has the root key and all files of a data folder. What they can find of key materials
// before and after these were destroyed.

const accountId = '111122223333';
const region = 'us-west-2';
const weekMs = 7 * 24 * 3600 * 1000;
const root: Caller = {
  type: 'root',
  accountId,
  arn: `arn:aws:iam::${accountId}:root`,
  principalId: accountId,
};
const nowMs = 1_700_000_000_000;
const call = {
  caller: root,
  invokedBy: undefined,
  region,
  accountId,
  sourceIp: '192.0.2.1',
  userAgent: 'test',
  nowMs,
};

/** The state of a service, without its ports. */
class OpenState {
  readonly state: SystemState;
  readonly volume: Volume;

  private constructor(state: SystemState, volume: Volume) {
    this.state = state;
    this.volume = volume;
  }

  static async open(folder: WaxwingFolder, source = folder.rootKey): Promise<OpenState> {
    const volume = await openSystemVolume(folder.data, source);
    const state = new SystemState(volume, folder.data);
    await state.open(volume, {
      full: () => {},
      failed: (error) => {
        throw error;
      },
    });
    return new OpenState(state, volume);
  }

  async commit({ changes }: Pick<Result<unknown>, 'changes'>): Promise<void> {
    const { kms, store } = this.state;
    await store.commit(changes.map((change) => ({ journal: kms.journal.name, change })));
  }

  async createKey(Origin?: string): Promise<KeyRecord> {
    const { keys } = this.state.kms;
    const request = { Origin };
    const made = keys.create(call, request, await keys.prepare(call, request));
    await this.commit(made);
    return made.output;
  }

  /** Imports material as a call does, but for its wrapping. */
  async import(key: KeyRecord, bytes: Buffer): Promise<KeyRecord> {
    const { materials } = this.state.kms;
    const secret = await materials.reserve();
    const request = { KeyId: key.id, ImportToken: bytes, EncryptedKeyMaterial: bytes };
    const changed = withImported(key, materials.idOf(key.id, bytes), request, (place) =>
      materials.seal(key.id, Buffer.from(bytes), { createdMs: nowMs, ...place }, secret),
    );
    await this.commit({ changes: [{ put: 'key', key: changed }] });
    return changed;
  }

  /** The material of a key in clear. */
  material(key: KeyRecord): Buffer {
    const [record] = key.materials;
    assert.ok(record);
    return this.state.kms.materials.use(key, record, (bytes) => Buffer.from(bytes));
  }

  async close(): Promise<void> {
    await this.state.close();
    await this.volume.close();
  }
}

const attack = (folder: WaxwingFolder, source = folder.rootKey) =>
  recoverMaterials(folder.data, source);

const holds = ({ materials }: RecoveredMaterials, material: Buffer) =>
  materials.some((found) => found.equals(material));

/** Runs what is due a week later, as the service does. */
async function afterAWeek({ state }: OpenState, commit = state.store.commit.bind(state.store)) {
  const { kms, trail, serviceTrail } = state;
  await runScheduledKeyTasks(
    { kms, trail, serviceTrail, commit, region, accountId },
    nowMs + weekMs,
  );
}

test('a deleted key and deleted imported material are nowhere in the files, even with the root key', async () => {
  const folder = new WaxwingFolder();
  let open = await OpenState.open(folder);
  const [kept, deleted] = [await open.createKey(), await open.createKey()];
  const importedBytes = systemRandom.bytes(32);
  const imported = await open.import(await open.createKey('EXTERNAL'), importedBytes);
  const [keptMaterial, deletedMaterial] = [open.material(kept), open.material(deleted)];
  await open.close();
  const before = await attack(folder);
  for (const material of [keptMaterial, deletedMaterial, importedBytes]) {
    assert.ok(holds(before, material), 'the attack finds what is there');
  }

  open = await OpenState.open(folder);
  const { kms } = open.state;
  const pending = kms.keys.scheduleDeletion(call, deleted.id, 7);
  await open.commit(pending);
  const gone = kms.imports.delete(call, imported.id, undefined);
  await open.commit(gone);
  await kms.announce(gone);
  await afterAWeek(open);
  assert.equal(kms.journal.key(deleted.id), undefined);
  await open.close();
  const after = await attack(folder);
  assert.ok(holds(after, keptMaterial), 'the key that is left can still be used');
  assert.ok(!holds(after, deletedMaterial));
  assert.ok(!holds(after, importedBytes));
  assert.ok(after.recordCount >= 3, 'the old records are still in the files');
  assertNowhere(folder, [deletedMaterial, importedBytes]);
});

test('a deletion that a crash interrupted is completed by the next start', async () => {
  const folder = new WaxwingFolder();
  let open = await OpenState.open(folder);
  const deleted = await open.createKey();
  const material = open.material(deleted);
  await open.commit(open.state.kms.keys.scheduleDeletion(call, deleted.id, 7));
  // The deletion is recorded; the process ends before anything is erased.
  await open.commit({ changes: [{ delete: 'key', keyId: deleted.id }] });
  await open.close();
  assert.ok(holds(await attack(folder), material));
  open = await OpenState.open(folder);
  await open.close();
  assert.ok(!holds(await attack(folder), material));
});

test('materials of earlier releases get secrets at the first start', async () => {
  const folder = new WaxwingFolder();
  let open = await OpenState.open(folder);
  const key = await open.createKey();
  const material = open.material(key);
  const [record] = key.materials;
  assert.ok(record);
  // As earlier releases stored it.
  const old = await oldRecord(folder, key, record, material);
  await open.commit({ changes: [{ put: 'key', key: { ...key, materials: [old] } }] });
  assert.deepEqual(open.material({ ...key, materials: [old] }), material);
  await open.close();
  open = await OpenState.open(folder);
  const now = open.state.kms.journal.key(key.id);
  assert.ok(now?.materials[0]?.secret !== undefined);
  assert.deepEqual(open.material(now), material);
  assert.deepEqual({ ...now, materials: [] }, { ...key, materials: [] });
  await open.close();
});

test('the header of a deleted volume is overwritten before it is removed', async () => {
  const folder = new WaxwingFolder();
  await (await OpenState.open(folder)).close();
  const header = join(systemFolder(folder.data), 'volume');
  const bytes = readFileSync(header);
  const other = join(folder.root, 'same-file');
  linkSync(header, other);
  await eraseVolumeHeader(systemDisk, systemFolder(folder.data));
  assert.deepEqual(readFileSync(other), Buffer.alloc(bytes.length));
  mkdirSync(join(folder.root, 'none'));
  await eraseVolumeHeader(systemDisk, join(folder.root, 'none'));
});

/** Writes a backup of a service without brokers, as the command does. */
async function backUp(open: OpenState, folder: WaxwingFolder): Promise<string> {
  const { state, volume } = open;
  const logs = brokerLogs(state, openServiceLog('silent'));
  const place = { folder: folder.data, volume, state, region, accountId };
  await openLogs(logs, { ...place, isDiscarding: false });
  const { brokers, keySecrets: secrets } = state;
  const log = () => {
    assert.ok(state.log !== undefined);
    return state.log;
  };
  const source = await serviceSource(
    { brokers, engines: new Engines([]), log, secrets, freezeLogs: () => logs.freeze() },
    new LinkedFiles(folder.data, ['events', 'trails'], join(folder.root, 'links')),
  );
  const { id: volumeId, wrappedKey } = volume.header;
  const header = {
    kind: 'service',
    id: '0123456789abcdef',
    createdMs: nowMs,
    release: '0.0.0',
    region,
    accountId,
    sizeBytes: sizeOf(source),
    volumeId,
    wrappedKey: wrappedKey.toString('base64'),
  } as const;
  const session = new BackupSession(state.backupKey, header, source, systemRandom);
  const path = join(folder.root, 'service.backup');
  for (let offset = 0; ; ) {
    const { data, isLast } = await session.read(offset);
    appendFileSync(path, data);
    offset += data.length;
    if (isLast) break;
  }
  await logs.close();
  return path;
}

test('a restored service has the keys of its backup; deleted ones stay deleted, and due ones are', async () => {
  const folder = new WaxwingFolder();
  const open = await OpenState.open(folder);
  const { kms } = open.state;
  const [kept, deleted, pending, later] = [
    await open.createKey(),
    await open.createKey(),
    await open.createKey(),
    await open.createKey(),
  ];
  const importedBytes = systemRandom.bytes(32);
  const imported = await open.import(await open.createKey('EXTERNAL'), importedBytes);
  const materials = [kept, deleted, pending, later].map((key) => open.material(key));
  const [keptMaterial, deletedMaterial, pendingMaterial, laterMaterial] = materials;
  assert.ok(keptMaterial && deletedMaterial && pendingMaterial && laterMaterial);
  await open.commit(kms.keys.scheduleDeletion(call, deleted.id, 7));
  await afterAWeek(open);
  const gone = kms.imports.delete(call, imported.id, undefined);
  await open.commit(gone);
  await kms.announce(gone);
  await open.commit(kms.keys.scheduleDeletion({ ...call, nowMs: nowMs + 1 }, pending.id, 7));
  const path = await backUp(open, folder);
  // What is deleted after the backup is in it.
  await open.commit(kms.keys.scheduleDeletion(call, later.id, 7));
  await afterAWeek(open);
  await open.close();

  const restored = new WaxwingFolder();
  const source = folder.rootKey;
  const file = await BackupFile.open(path);
  const { header } = file;
  assert.ok(header.kind === 'service');
  cpSync(folder.keyFile, join(restored.root, 'root.key'));
  const own = { ...source, file: join(restored.root, 'root.key') };
  await restoreService(file, header, restored.data, own, () => {});
  await file.close();
  const again = await OpenState.open(restored, own);
  const { journal } = again.state.kms;
  assert.equal(journal.key(deleted.id), undefined);
  assert.equal(journal.key(imported.id)?.state, 'PendingImport');
  assert.deepEqual(journal.key(pending.id)?.deletionMs, nowMs + 1 + weekMs);
  assert.deepEqual(again.material(kept), keptMaterial);
  assert.deepEqual(again.material(later), laterMaterial);
  // The date of the deletion passes, as it would have without the backup.
  const { trail, serviceTrail, kms: restoredKms, store } = again.state;
  const commit = store.commit.bind(store);
  await runScheduledKeyTasks(
    { kms: restoredKms, trail, serviceTrail, commit, region, accountId },
    nowMs + 2 + weekMs,
  );
  assert.equal(journal.key(pending.id), undefined);
  await again.close();
  const found = await attack(restored, own);
  assert.ok(holds(found, keptMaterial));
  for (const material of [deletedMaterial, pendingMaterial, importedBytes]) {
    assert.ok(!holds(found, material));
  }
});

/** A material as earlier releases sealed it. */
async function oldRecord(
  folder: WaxwingFolder,
  key: KeyRecord,
  { secret: _, ...record }: MaterialRecord,
  material: Buffer,
): Promise<MaterialRecord> {
  const dataKey = await systemDataKey(folder.data, folder.rootKey);
  const wrappingKey = sealingKey(
    { deriveKey: (salt, info) => deriveKey(dataKey, salt, info) },
    'kms',
  );
  const nonce = systemRandom.bytes(12);
  const cipher = createCipheriv('aes-256-gcm', wrappingKey, nonce);
  cipher.setAAD(Buffer.from(`waxwing kms key material 1\0${key.id}\0${record.id}`));
  const sealed = [nonce, cipher.update(material), cipher.final()];
  return { ...record, wrapped: Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64') };
}

/** Neither the bytes themselves nor their usual encodings. */
function assertNowhere(folder: WaxwingFolder, materials: readonly Buffer[]): void {
  const files = readdirSync(folder.data, { recursive: true, withFileTypes: true });
  for (const file of files.filter((each) => each.isFile())) {
    const path = join(file.parentPath, file.name);
    if (!existsSync(path)) continue;
    const bytes = readFileSync(path);
    for (const material of materials) {
      for (const text of [material, material.toString('base64'), material.toString('hex')]) {
        assert.ok(!bytes.includes(text), path);
      }
    }
  }
}
