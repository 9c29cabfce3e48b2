// The simulation of a key service on a disk with power failures.

import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { serviceEventRecord } from '../../src/audit/record.ts';
import { parseLine, Trail, trailTimeline } from '../../src/audit/trail.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Caller } from '../../src/calls/caller.ts';
import type { KmsCall } from '../../src/kms/call.ts';
import { withImported } from '../../src/kms/imports/imported-materials.ts';
import { Kms } from '../../src/kms/kms.ts';
import type { KeyRecord, MaterialRecord } from '../../src/kms/records.ts';
import type { Result } from '../../src/kms/result.ts';
import { openedMaterial } from '../../src/server/keys/opened-material.ts';
import type { Disk } from '../../src/storage/disk.ts';
import { type ErasableSecrets, secretsFiles } from '../../src/storage/erasable/erasable-secrets.ts';
import { openSlot, slotBytes } from '../../src/storage/erasable/slot.ts';
import type { Journal } from '../../src/storage/journal.ts';
import { Log } from '../../src/storage/log.ts';
import { StateStore } from '../../src/storage/state-store.ts';
import { Volume } from '../../src/storage/volume.ts';
import { secretsFolder, secretsOn } from '../support/key-secrets.ts';
import { folder, Machine, powerCut } from './machine.ts';
import { smallLog } from './trouble.ts';

const accountId = '111122223333';
const region = 'us-west-2';
const weekMs = 7 * 24 * 3600 * 1000;
const root: Caller = {
  type: 'root',
  accountId,
  arn: `arn:aws:iam::${accountId}:root`,
  principalId: accountId,
};
const wrappingKey = createSecretKey(Buffer.alloc(32, 1));
const secretsKey = createSecretKey(Buffer.alloc(32, 2));
const headBytes = 4096;

/** What is known about the keys of earlier processes. */
export class KeyLedger {
  /** The ciphertexts of confirmed keys, by key id. */
  readonly blobs = new Map<string, Buffer>();
  /** All materials that were ever stored, and their keys. */
  readonly materials = new Map<
    string,
    { readonly keyId: string; readonly record: MaterialRecord }
  >();
  /** Keys whose deletion was confirmed. */
  readonly deleted = new Set<string>();
  /** Keys that were confirmed. */
  readonly confirmed = new Set<string>();

  saw(key: KeyRecord): void {
    for (const record of key.materials) {
      if (record.wrapped !== undefined)
        this.materials.set(record.wrapped, { keyId: key.id, record });
    }
  }
}

/** A process with a key service. */
class KeyProcess {
  readonly #machine: Machine;
  readonly #ledger: KeyLedger;
  readonly #disk: Disk;
  readonly #secrets: ErasableSecrets;
  readonly #kms: Kms;
  readonly #trail = new Trail();
  readonly #store: StateStore;
  #nowMs = 1_000_000;

  constructor(machine: Machine, ledger: KeyLedger) {
    this.#machine = machine;
    this.#ledger = ledger;
    this.#disk = machine.disk.boot();
    this.#secrets = secretsOn(this.#disk, secretsKey);
    const principals = { policiesOf: () => ({ identity: [], isAccountRoot: true }) };
    const secrets = this.#secrets;
    this.#kms = new Kms({ wrappingKey, secrets, random: systemRandom, principals });
    const journals = [this.#kms.journal, this.#trail] as Journal[];
    this.#store = new StateStore(journals, [trailTimeline]);
  }

  /** Opens the state as the service does. */
  async open(): Promise<void> {
    const { clock, random } = this.#machine;
    const dataKeys = await this.#machine.keys(this.#disk);
    const volume = await Volume.open(this.#disk, folder, dataKeys, clock);
    await Log.open(volume, this.#store, {
      ...smallLog(random),
      clock,
      onDurable: (group) => this.#store.onDurable(group),
      onFailed: (error) => this.#store.onFailed(error),
      onFull: () => {},
    });
    this.#store.recovered();
    await this.#secrets.open();
    await this.#kms.materials.keepOnly(this.#kms.journal.keys());
  }

  get #call(): KmsCall {
    const origin = { sourceIp: '192.0.2.1', userAgent: 'test', nowMs: this.#nowMs };
    return { caller: root, invokedBy: undefined, region, accountId, ...origin };
  }

  async work(): Promise<void> {
    const { random } = this.#machine;
    for (let left = 10 + random.below(30); left > 0; left--) {
      const keys = [...this.#kms.journal.keys()];
      const key = keys.length === 0 ? undefined : random.pick(keys);
      const step = random.below(6);
      if (key === undefined || step < 2) await this.#create(random.oneIn(3));
      else if (step === 5 || key.state === 'PendingDeletion') await this.#delete(key);
      else if (step === 2) await this.#import(key);
      else if (step === 3) await this.#deleteMaterial(key);
      else await this.#rotate(key);
    }
  }

  async #create(isExternal: boolean): Promise<void> {
    const request = isExternal ? { Origin: 'EXTERNAL' } : {};
    const kms = this.#kms;
    const prepared = await kms.keys.prepare(this.#call, request);
    const made = kms.keys.create(this.#call, request, prepared);
    const blob = isExternal ? undefined : await this.#committedThenSealed(made);
    if (isExternal) await this.#commit('CreateKey', made);
    if (blob !== undefined) this.#ledger.blobs.set(made.output.id, blob);
    this.#ledger.confirmed.add(made.output.id);
  }

  async #committedThenSealed(made: Result<KeyRecord>): Promise<Buffer> {
    await this.#commit('CreateKey', made);
    const text = Buffer.from(made.output.id);
    return this.#kms.ciphers.encrypt(this.#call, made.output.id, text, {}).output.blob;
  }

  async #import(key: KeyRecord): Promise<void> {
    if (key.origin !== 'EXTERNAL' || key.materials.length > 0) return;
    const { materials } = this.#kms;
    const bytes = systemRandom.bytes(32);
    const secret = await materials.reserve();
    const request = { KeyId: key.id, ImportToken: bytes, EncryptedKeyMaterial: bytes };
    const id = materials.idOf(key.id, bytes);
    const changed = withImported(key, id, request, (place) =>
      materials.seal(key.id, Buffer.from(bytes), { createdMs: 0, ...place }, secret),
    );
    const changes = [{ put: 'key', key: changed } as const];
    await this.#commit('ImportKeyMaterial', { output: undefined, changes, keys: [key] });
  }

  async #deleteMaterial(key: KeyRecord): Promise<void> {
    if (key.origin !== 'EXTERNAL') return;
    const result = this.#kms.imports.delete(this.#call, key.id, undefined);
    await this.#commit('DeleteImportedKeyMaterial', result);
  }

  async #rotate(key: KeyRecord): Promise<void> {
    if (key.origin === 'EXTERNAL' || key.materials.length > 5) return;
    // The previous process may have ended between the request and the rotation.
    if (key.onDemandMs === undefined) {
      const asked = this.#kms.rotations.rotateOnDemand(this.#call, key.id);
      await this.#commit('RotateKeyOnDemand', asked);
    }
    await this.#performDue();
  }

  async #delete(key: KeyRecord): Promise<void> {
    if (key.state !== 'PendingDeletion') {
      const pending = this.#kms.keys.scheduleDeletion(this.#call, key.id, 7);
      await this.#commit('ScheduleKeyDeletion', pending);
    }
    this.#nowMs = Math.max(this.#nowMs, key.deletionMs ?? this.#nowMs + weekMs);
    await this.#performDue();
    this.#ledger.deleted.add(key.id);
  }

  async #performDue(): Promise<void> {
    for (const { eventName, result } of this.#kms.tick(this.#nowMs)) {
      await this.#commit(eventName, result);
    }
  }

  async #commit(eventName: string, result: Result<unknown>): Promise<void> {
    for (const key of result.keys) this.#ledger.saw(key);
    for (const change of result.changes) {
      if ('put' in change && change.put === 'key') this.#ledger.saw(change.key);
    }
    const event = serviceEventRecord({
      eventId: systemRandom.uuid(),
      region,
      accountId,
      atMs: this.#nowMs,
      eventSource: 'kms.amazonaws.com',
      eventName,
      resources: [],
      details: { keyId: result.keys[0]?.id },
    });
    const journal = this.#kms.journal.name;
    const changes = result.changes.map((change) => ({ journal, change }));
    await this.#store.commit([...changes, ...this.#trail.chain(event, this.#nowMs)]);
    const destroyed = this.#kms.announce(result);
    // The service goes on in any case.
    if (this.#machine.random.oneIn(2)) await destroyed;
  }

  /** Requires what earlier processes confirmed, and nothing of what they destroyed. */
  async verify(): Promise<void> {
    const { journal, materials, ciphers } = this.#kms;
    const alive = new Set<string>();
    for (const key of journal.keys()) {
      alive.add(key.id);
      for (const record of key.materials) {
        if (record.wrapped !== undefined) materials.use(key, record, () => {});
      }
      const CiphertextBlob = this.#ledger.blobs.get(key.id);
      if (CiphertextBlob === undefined || key.state !== 'Enabled') continue;
      const { plaintext } = ciphers.decrypt(this.#call, { CiphertextBlob }).output;
      assert.equal(plaintext.toString(), key.id);
    }
    for (const id of this.#ledger.deleted) assert.ok(!alive.has(id), `${id} was deleted`);
    await this.#verifyTrail(alive);
    this.#verifyDestroyed();
  }

  /** Each key that is gone has its event, and each event of a deletion its effect. */
  async #verifyTrail(alive: ReadonlySet<string>): Promise<void> {
    const range = { fromMs: 0, toMs: Infinity, newestFirst: false };
    const recorded = new Map<string, Set<unknown>>();
    for await (const { bytes } of this.#store.readTimeline(trailTimeline, range)) {
      const { eventName, serviceEventDetails } = parseLine(bytes).event as unknown as {
        eventName: string;
        serviceEventDetails: { keyId?: string };
      };
      const ids = recorded.get(eventName) ?? new Set();
      recorded.set(eventName, ids.add(serviceEventDetails.keyId));
    }
    const created = recorded.get('CreateKey') ?? new Set();
    const deleted = recorded.get('DeleteKey') ?? new Set();
    for (const id of this.#ledger.confirmed) assert.ok(created.has(id), `${id} was created`);
    for (const id of alive) {
      assert.ok(created.has(id), `${id} has no event of its creation`);
      assert.ok(!deleted.has(id), `${id} has an event of its deletion, and exists`);
    }
    for (const id of created) {
      assert.ok(alive.has(String(id)) || deleted.has(id), `${String(id)} is gone without an event`);
    }
  }

  /** No material that no key has can be opened with what is on the disk. */
  #verifyDestroyed(): void {
    const used = new Set<string>();
    for (const key of this.#kms.journal.keys()) {
      for (const { wrapped } of key.materials) if (wrapped !== undefined) used.add(wrapped);
    }
    for (const [wrapped, { keyId, record }] of this.#ledger.materials) {
      if (used.has(wrapped) || record.secret === undefined) continue;
      for (const name of secretsFiles) {
        const file = this.#machine.disk.file(`${secretsFolder}/${name}`);
        const sealed = file.read(headBytes + record.secret * slotBytes, slotBytes);
        const secret = openSlot(secretsKey, record.secret, sealed);
        const material = secret && openedMaterial(secret, keyId, record);
        assert.equal(material, undefined, `${name} still has the secret of ${keyId}`);
      }
    }
  }
}

/**
 * Creates, imports, rotates and deletes keys, and cuts the power while this happens and while the
 * next process starts.
 */
export async function simulateKeys(seed: number): Promise<void> {
  const machine = new Machine(seed);
  const ledger = new KeyLedger();
  await machine.format();
  machine.restart();
  for (let runs = 5; runs > 0; runs--) {
    const isLast = runs === 1;
    const { disk, random } = machine;
    disk.cutAt = isLast ? Infinity : disk.changeCount + 1 + random.below(runs % 2 === 0 ? 30 : 300);
    const process = new KeyProcess(machine, ledger);
    const opened = await machine.finish(process.open());
    if (opened !== powerCut) {
      if ((await machine.finish(process.verify())) !== powerCut && !isLast) {
        await machine.finish(process.work());
      }
    }
    machine.restart();
  }
}
