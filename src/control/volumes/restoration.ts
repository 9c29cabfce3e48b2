// Brokers from backups.

import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { type BrokerKeys, ForeignDataKey, KeyLost } from '../broker-keys.ts';
import type { BrokerRecord, ConfigurationUse, GrantRecord, KeyChoice } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { ConfigurationDecisions } from '../configurations/configuration-decisions.ts';
import { acceptText } from '../configurations/configuration-rules.ts';
import type { Creation, Decided } from '../creation.ts';
import type { Engines } from '../engines.ts';
import type { Requester } from '../keys/key-finder.ts';
import type { VolumeName } from '../offers/storage-types.ts';
import { checkBrokerName, refuse } from '../rules.ts';
import { ldapRecord, type SealSecret } from '../users/ldap.ts';
import { type BrokerCopy, checkCopy } from './broker-copy.ts';
import type { WrappedDataKey } from './volume-state.ts';

/** The parts that a restoration needs. */
export interface RestorationParts {
  readonly brokers: Brokers;
  readonly keys: BrokerKeys;
  readonly creation: Creation;
  readonly configurations: ConfigurationDecisions;
  readonly engines: Engines;
  readonly sealSecret: SealSecret;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly random: Random;
  readonly region: string;
  readonly accountId: string;
}

/** The key under which a backup, and the data keys in it, are wrapped. */
export interface SourceKey {
  readonly owner: KeyChoice['owner'];
  readonly arn: string;
}

/** What a restored broker is to be. */
export interface RestoredBroker {
  readonly copy: BrokerCopy;
  readonly name: string;
  readonly source: KeyChoice;
  /** The key for its data keys; that of the backup, or another one. */
  readonly key: KeyChoice;
  /** The number of the last mount of the volume in the backup. */
  readonly epoch: number;
}

/** Creates brokers from backups, with the permissions of those who request it. */
export class Restoration {
  readonly #parts: RestorationParts;

  constructor(parts: RestorationParts) {
    this.#parts = parts;
  }

  /** A new id. */
  newBrokerId(): string {
    return `b-${this.#parts.random.uuid()}`;
  }

  /**
   * Checks the name of a restored broker.
   *
   * @throws {ControlError} 'bad-request', 'conflict'
   */
  checkName(name: string): void {
    checkBrokerName(name);
    this.#parts.creation.refuseTakenName(name);
  }

  /**
   * Finds the keys of a restoration.
   *
   * @param named the key for the restored broker; undefined for the key of the backup
   * @throws {ControlError} 'bad-request' if a key does not exist here, or is not enabled
   */
  async keysFor(
    { owner, arn }: SourceKey,
    named: string | undefined,
    requester: Requester,
  ): Promise<Pick<RestoredBroker, 'source' | 'key'>> {
    const { keys } = this.#parts;
    if (owner === 'service') {
      const own = await keys.key('service', requester);
      if (own.arn !== arn) throw keyMissing(arn, 'it belongs to another service');
    }
    const source: KeyChoice =
      owner === 'service' ? { owner, arn } : await keys.key({ named: arn }, requester);
    const key = named === undefined ? source : await keys.key({ named }, requester);
    keys.requireRestorable(source, key);
    return { source, key };
  }

  /**
   * Decrypts a data key of a backup with the permissions of the requester.
   *
   * @returns 32 bytes, which the caller overwrites after use
   * @throws {ControlError} 'bad-request' if the key cannot be used
   */
  async openDataKey(
    source: KeyChoice,
    volume: VolumeName,
    wrapped: Buffer,
    requester: Requester,
  ): Promise<Buffer> {
    try {
      return await this.#parts.keys.openDataKeyFor(source, volume, wrapped, requester);
    } catch (error) {
      if (error instanceof KeyLost || error instanceof ForeignDataKey) {
        throw keyMissing(source.arn, error.message);
      }
      throw error;
    }
  }

  /**
   * Checks what a backup says about the broker.
   *
   * @throws {ControlError} 'bad-request'
   */
  async check(copy: BrokerCopy): Promise<void> {
    checkCopy(copy, this.#parts.engines.offered);
    const { configurationText: text, settings } = copy;
    if (text !== null) await acceptText(text, settings);
  }

  /**
   * Creates the grants of the service for a restored broker, with the permissions of the requester.
   *
   * @returns the grants, and a function that must be called once
   */
  async grant(
    { key, copy }: RestoredBroker,
    requester: Requester,
  ): Promise<{ readonly grants: readonly GrantRecord[]; readonly release: () => void }> {
    const { keys, creation, engines } = this.#parts;
    const release = creation.hold(key.arn);
    try {
      const grants: GrantRecord[] = [];
      for (const grant of engines.offerOf(copy.settings).grants) {
        const id = await keys.grantService(key, grant, requester);
        grants.push({ name: grant.name, id });
      }
      return { grants, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Wraps data keys under the key of the restored broker. */
  async rewrap(
    { source, key }: RestoredBroker,
    volume: VolumeName,
    wrapped: readonly WrappedDataKey[],
    requester: Requester,
  ): Promise<readonly WrappedDataKey[]> {
    const { keys } = this.#parts;
    const anew: WrappedDataKey[] = [];
    for (const { generation, wrappedKey } of wrapped) {
      const way = { from: source, to: key };
      const made = await keys.rewrapDataKeyFor(way, volume, wrappedKey, requester);
      anew.push({ generation, wrappedKey: made });
    }
    return anew;
  }

  /**
   * Decides on the record of a restored broker. Its volume must be in the engine's folder.
   *
   * @param id from {@link newBrokerId}
   * @throws {ControlError} 'bad-request', 'conflict'
   */
  decide(
    id: string,
    { copy, name, key, epoch }: RestoredBroker,
    grants: readonly GrantRecord[],
  ): Decided<BrokerRecord> {
    const { brokers, clock, region, accountId, sealSecret } = this.#parts;
    this.checkName(name);
    const { settings, ldap } = copy;
    const offer = checkCopy(copy, this.#parts.engines.offered);
    const { value: configuration, changes } = this.#configuration({ ...copy, name });
    const volumes = copy.volumes.map((volume) => {
      const mounts = { epoch, mountedEpoch: epoch };
      return { ...volume, ...mounts, grantId: null, isMade: true };
    });
    const broker: BrokerRecord = {
      ...settings,
      id,
      name,
      arn: `arn:aws:mq:${region}:${accountId}:broker:${name}:${id}`,
      state: 'CREATION_IN_PROGRESS',
      createdMs: clock.nowMs(),
      ldap: ldap && ldapRecord(ldap, id, sealSecret),
      configuration,
      configurationHistory: [],
      windowMoves: null,
      tags: {},
      creation: null,
      key,
      grants,
      keyChange: null,
      formerKeys: [],
      rekeying: null,
      volumes,
      instances: Array.from({ length: offer.instanceCount }, (_, i) => ({
        number: i + 1,
        volumeId: volumes[i % volumes.length]?.id ?? '',
      })),
      ports: [],
      action: null,
      replication: null,
      pending: {},
    };
    return { value: broker, changes: [...changes, brokers.entry({ created: broker })] };
  }

  #configuration({
    settings,
    configurationText: text,
    name,
  }: Pick<BrokerCopy, 'settings' | 'configurationText'> & {
    readonly name: string;
  }): Decided<ConfigurationUse | null> {
    if (text === null) return { value: null, changes: [] };
    const broker = { ...settings, name };
    const { value, changes } = this.#parts.configurations.createWith(broker, text);
    return { value: { id: value.id, revision: value.latest.revision }, changes };
  }
}

function keyMissing(arn: string, why: string) {
  return refuse('kmsKeyId', `The backup needs the KMS key [${arn}], which cannot be used: ${why}`);
}
