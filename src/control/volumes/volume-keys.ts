// The data keys of the volumes of brokers: opening and checking them, and changing them step by step.

import { WaxwingError } from '../../base/errors.ts';
import { type BrokerKeys, ForeignDataKey, type KeyedBroker, KeyLost } from '../broker-keys.ts';
import type {
  BrokerRecord,
  BrokerUpdate,
  KeyChoice,
  KeyHolding,
  VolumeRecord,
} from '../broker-record.ts';
import type { NewVolumeKey, VolumeKey } from '../engine.ts';
import type { Engines } from '../engines.ts';
import type { Report } from '../report.ts';
import {
  currentHolding,
  holdingsOf,
  type RetirementParts,
  retireHolding,
  takenGrants,
  withHolding,
} from './key-holdings.ts';
import type { WrappedDataKey } from './volume-state.ts';

/** The parts that the work on data keys needs. */
export interface VolumeKeyParts extends RetirementParts {
  readonly keys: BrokerKeys;
  readonly engines: Engines;
  /** Records a change of a broker. Resolves once it is synced. */
  readonly set: (brokerId: string, set: BrokerUpdate) => Promise<void>;
  readonly report: Report;
}

/**
 * Opens and checks the data keys of volumes, and performs the recorded changes of them. Every step
 * can be repeated: if the process ends during a step, the next process continues.
 */
export class VolumeKeys {
  readonly #parts: VolumeKeyParts;

  constructor(parts: VolumeKeyParts) {
    this.#parts = parts;
  }

  /** Creates a data key for a volume. The caller overwrites it after use. */
  async create(key: KeyChoice, volume: VolumeRecord): Promise<NewVolumeKey> {
    const { keys } = this.#parts;
    const wrappedKey = await keys.newDataKey(key, volume);
    const dataKey = await keys.openDataKey(key, volume, wrappedKey);
    return { volumeId: volume.id, dataKey, wrappedKey };
  }

  /**
   * Decrypts all data keys of a volume. The caller overwrites them after use.
   *
   * @param wrapped the newest first
   * @throws {KeyLost | ForeignDataKey}
   */
  async open(
    broker: BrokerRecord,
    volume: VolumeRecord,
    wrapped: readonly WrappedDataKey[],
  ): Promise<VolumeKey> {
    const opened: { generation: number; dataKey: Buffer }[] = [];
    try {
      for (const { generation, wrappedKey } of wrapped) {
        opened.push({ generation, dataKey: await this.#openOne(broker, volume, wrappedKey) });
      }
      const [newest, ...older] = opened;
      if (newest === undefined) throw new Error(`volume ${volume.id} has no data key`);
      return { volumeId: volume.id, dataKey: newest.dataKey, older: older.reverse() };
    } catch (error) {
      for (const { dataKey } of opened) dataKey.fill(0);
      throw error;
    }
  }

  /** A change of the key may have been interrupted before or after the volume was changed. */
  #openOne(broker: BrokerRecord, volume: VolumeRecord, wrapped: Buffer): Promise<Buffer> {
    const { keys } = this.#parts;
    return eitherKey(broker, (key) => keys.openDataKey(key, volume, wrapped));
  }

  /**
   * Checks that all data keys of a broker could be decrypted.
   *
   * @throws {KeyLost | ForeignDataKey}
   */
  async prove(
    broker: BrokerRecord,
    volume: VolumeRecord,
    wrapped: readonly WrappedDataKey[],
  ): Promise<void> {
    for (const { wrappedKey } of wrapped) {
      await eitherKey(broker, (key) => this.#parts.keys.tryDataKey(key, volume, wrappedKey));
    }
  }

  /** Retires all grants of a broker that is deleted. */
  async retireAll(broker: BrokerRecord): Promise<void> {
    for (const holding of holdingsOf(broker)) await retireHolding(this.#parts, broker, holding, []);
  }

  /**
   * Performs the recorded changes of a running broker.
   *
   * @throws {KeyLost} if its present key is not usable; other errors may be temporary
   */
  async advance(id: string): Promise<void> {
    const { brokers } = this.#parts;
    const isRunning = () => brokers.get(id)?.state === 'RUNNING';
    if (!isRunning()) return;
    if (brokers.require(id).keyChange !== null) await this.#changeKey(id);
    if (brokers.require(id).formerKeys.length > 0) await this.#retireFormer(id);
    if (isRunning() && brokers.require(id).rekeying !== null) await this.#rekey(id);
  }

  async #changeKey(id: string): Promise<void> {
    try {
      await this.#grantVolumes(id);
      await this.#rewrap(id);
    } catch (error) {
      if (!(error instanceof KeyLost) || (await this.#isPresentKeyLost(id))) throw error;
      await this.#giveUp(id, error);
      return;
    }
    await this.#complete(id);
  }

  #changeOf(id: string): { readonly broker: BrokerRecord; readonly change: KeyHolding } {
    const broker = this.#parts.brokers.require(id);
    if (broker.keyChange === null) throw new Error(`the key of broker ${id} is not being changed`);
    return { broker, change: broker.keyChange };
  }

  /** Creates the grants for the data keys on the new key. */
  async #grantVolumes(id: string): Promise<void> {
    const { keys, set, brokers } = this.#parts;
    for (const volume of this.#changeOf(id).broker.volumes) {
      const { change } = this.#changeOf(id);
      if (change.volumeGrants[volume.id] !== undefined) continue;
      const made = await keys.findVolumeGrant(change.key, volume, takenGrants(brokers));
      const grantId = made ?? (await keys.grantVolume(change.key, volume));
      const volumeGrants = { ...change.volumeGrants, [volume.id]: grantId };
      await set(id, { keyChange: { ...change, volumeGrants } });
    }
  }

  /** Replaces the wrapped data keys, unless an interrupted attempt did. */
  async #rewrap(id: string): Promise<void> {
    const { keys, engines } = this.#parts;
    const { broker, change } = this.#changeOf(id);
    await keys.check(withHolding(broker, change));
    const engine = engines.engineFor(broker);
    for (const volume of broker.volumes) {
      const wrapped = await engine.wrappedKeys(id, volume.id);
      if (await this.#isUnder(change.key, volume, wrapped)) continue;
      const anew: WrappedDataKey[] = [];
      for (const { generation, wrappedKey } of wrapped) {
        const way = { from: broker.key, to: change.key };
        anew.push({ generation, wrappedKey: await keys.rewrapDataKey(way, volume, wrappedKey) });
      }
      // A data key that cannot be opened any more would be noticed only at the next start.
      for (const each of anew) await keys.tryDataKey(change.key, volume, each.wrappedKey);
      const isDone = await engine.volumes.rewrap(id, volume.id, anew);
      if (isDone === undefined) throw new Error('the broker ended while its key was changed');
    }
  }

  async #isUnder(
    key: KeyChoice,
    volume: VolumeRecord,
    wrapped: readonly WrappedDataKey[],
  ): Promise<boolean> {
    try {
      for (const { wrappedKey } of wrapped) {
        await this.#parts.keys.tryDataKey(key, volume, wrappedKey);
      }
      return true;
    } catch (error) {
      if (error instanceof ForeignDataKey) return false;
      throw error;
    }
  }

  /** If both keys are usable, the new one may not be used to wrap the data keys. */
  async #isPresentKeyLost(id: string): Promise<boolean> {
    const { broker, change } = this.#changeOf(id);
    if (await this.#isUsable(broker)) return false;
    return this.#isUsable(withHolding(broker, change));
  }

  async #isUsable(keyed: KeyedBroker): Promise<boolean> {
    try {
      await this.#parts.keys.check(keyed);
      return true;
    } catch (error) {
      if (error instanceof KeyLost) return false;
      throw error;
    }
  }

  /** The new key is lost, or does not wrap. The present one stays, unless the data keys are under the new one. */
  async #giveUp(id: string, cause: KeyLost): Promise<void> {
    const { engines, set, report } = this.#parts;
    const { broker, change } = this.#changeOf(id);
    for (const volume of broker.volumes) {
      const wrapped = await engines.engineFor(broker).wrappedKeys(id, volume.id);
      if (!(await this.#isUnder(broker.key, volume, wrapped))) return this.#complete(id);
    }
    const text = `the KMS key of the broker was not changed to ${change.key.arn}: ${cause.message}`;
    report('warn', id, text);
    await set(id, { keyChange: null, formerKeys: [...broker.formerKeys, change] });
  }

  async #complete(id: string): Promise<void> {
    const { broker, change } = this.#changeOf(id);
    const formerKeys = [...broker.formerKeys, currentHolding(broker)];
    await this.#parts.set(id, { ...withHolding(broker, change), keyChange: null, formerKeys });
  }

  async #retireFormer(id: string): Promise<void> {
    for (;;) {
      const broker = this.#parts.brokers.require(id);
      const [former, ...formerKeys] = broker.formerKeys;
      if (former === undefined) return;
      const { keyChange } = broker;
      const kept = [currentHolding(broker), ...(keyChange === null ? [] : [keyChange])];
      await retireHolding(this.#parts, broker, former, kept);
      await this.#parts.set(id, { formerKeys });
    }
  }

  /** Adds the new data keys. Once nothing is sealed under the older ones, the change is complete. */
  async #rekey(id: string): Promise<void> {
    const { brokers, engines, set, report } = this.#parts;
    const broker = brokers.require(id);
    const { volumes } = engines.engineFor(broker);
    let isComplete = true;
    for (const volume of broker.volumes) {
      const state = await volumes.state(id, volume.id);
      if (state === undefined) return;
      if (state.generation === broker.rekeying?.from[volume.id]) {
        isComplete = false;
        if (await this.#addDataKey(broker, volume)) continue;
        report('warn', id, 'the broker has too many data keys; no other one was added');
        await set(id, { rekeying: null });
        return;
      }
      if (state.olderGenerations.length > 0) isComplete = false;
    }
    if (isComplete) await set(id, { rekeying: null });
  }

  /** Returns false if the volume lists too many data keys. */
  async #addDataKey(broker: BrokerRecord, volume: VolumeRecord): Promise<boolean> {
    const { volumes } = this.#parts.engines.engineFor(broker);
    const made = await this.create(broker.key, volume);
    try {
      const generation = await volumes.addDataKey(broker.id, made);
      if (generation === undefined) throw new Error('the broker ended while a data key was added');
      return true;
    } catch (error) {
      if (error instanceof WaxwingError && error.code === 'key-invalid') return false;
      throw error;
    } finally {
      made.dataKey.fill(0);
    }
  }
}

/** Tries the key of a broker, and then the one that it is being changed to. */
async function eitherKey<T>(
  { key, keyChange }: BrokerRecord,
  attempt: (key: KeyChoice) => Promise<T>,
): Promise<T> {
  try {
    return await attempt(key);
  } catch (error) {
    if (!(error instanceof ForeignDataKey) || keyChange === null) throw error;
    return attempt(keyChange.key);
  }
}
