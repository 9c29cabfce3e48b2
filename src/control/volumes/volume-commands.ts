// The requests of users about volumes and their data keys.

import type { Clock } from '../../base/clock.ts';
import type { BrokerKeys } from '../broker-keys.ts';
import type { BrokerRecord, BrokerUpdate, GrantRecord } from '../broker-record.ts';
import type { Brokers } from '../brokers.ts';
import type { Creation, Decided } from '../creation.ts';
import type { Engines } from '../engines.ts';
import { ControlError } from '../errors.ts';
import type { Requester } from '../keys/key-finder.ts';
import { nextState } from '../lifecycle.ts';
import { isKeyLost } from '../offers/offers.ts';
import { refuse } from '../rules.ts';
import type { SealingState } from './volume-state.ts';

/** Maximum number of data keys of a volume; one more cannot be added until an older one is dropped. */
const generationCountMax = 7;

/** The parts that the commands need. */
export interface VolumeCommandParts {
  readonly brokers: Brokers;
  readonly keys: BrokerKeys;
  readonly creation: Pick<Creation, 'hold'>;
  readonly engines: Engines;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** The data keys of the volumes of a broker. */
export interface VolumeKeysView {
  readonly broker: BrokerRecord;
  readonly volumes: readonly ({ readonly volumeId: string } & SealingState)[];
}

/** Decides on requests to change the key or the data keys of a running broker. */
export class VolumeCommands {
  readonly #parts: VolumeCommandParts;

  constructor(parts: VolumeCommandParts) {
    this.#parts = parts;
  }

  /** Finds a broker by its id or name. */
  find(named: string): BrokerRecord | undefined {
    const { brokers } = this.#parts;
    return brokers.get(named) ?? brokers.withName(named);
  }

  /** @throws {ControlError} 'not-found' */
  require(named: string): BrokerRecord {
    const broker = this.find(named);
    if (broker !== undefined) return broker;
    throw new ControlError('not-found', `There is no broker [${named}].`, 'broker');
  }

  /**
   * Describes the data keys of a broker; without the volumes if it is not running.
   *
   * @throws {ControlError} 'not-found'
   */
  async describe(named: string): Promise<VolumeKeysView> {
    const broker = this.require(named);
    const { volumes: ofEngine } = this.#parts.engines.engineFor(broker);
    const volumes: ({ readonly volumeId: string } & SealingState)[] = [];
    for (const { id: volumeId } of broker.volumes) {
      const state = await ofEngine.state(broker.id, volumeId);
      if (state !== undefined) volumes.push({ volumeId, ...state });
    }
    return { broker: this.require(broker.id), volumes };
  }

  /**
   * Begins to wrap the data keys of a broker under another KMS key. The grants of the service on it
   * are created with the permissions of the requester. The returned function must be called in the
   * tick in which its changes are applied.
   *
   * @param keyName key id, key ARN, alias or alias ARN
   * @throws {ControlError} 'not-found', 'bad-request', 'conflict'
   */
  async rewrap(
    named: string,
    keyName: string,
    requester: Requester,
  ): Promise<() => Decided<BrokerRecord>> {
    const { keys, creation, engines } = this.#parts;
    const { id } = this.#idle(named);
    const key = await keys.key({ named: keyName }, requester);
    const before = this.#idle(id);
    if (before.key.arn === key.arn) {
      throw refuse('kmsKeyId', `Broker [${id}] already uses the KMS key [${key.arn}].`);
    }
    const release = creation.hold(key.arn);
    const grants: GrantRecord[] = [];
    try {
      for (const grant of engines.offerOf(before).grants) {
        const made = await keys.grantService(key, grant, requester);
        grants.push({ name: grant.name, id: made });
      }
    } catch (error) {
      release();
      throw error;
    }
    return () => {
      release();
      const broker = this.#idle(id);
      return this.#set(broker, { keyChange: { key, grants, volumeGrants: {} } });
    };
  }

  /**
   * Begins to seal the data of a broker under new data keys.
   *
   * @throws {ControlError} 'not-found', 'bad-request', 'conflict'
   */
  async rekey(named: string): Promise<() => Decided<BrokerRecord>> {
    const { id } = this.#idle(named);
    const { broker, volumes } = await this.describe(id);
    const { rekeyProblem } = this.#parts.engines.engineFor(broker).volumes;
    if (rekeyProblem !== undefined) throw refuse('broker', `Broker [${id}]: ${rekeyProblem}.`);
    if (volumes.length < broker.volumes.length) throw notRunning(broker);
    for (const { volumeId, olderGenerations: older } of volumes) {
      if (older.length + 1 < generationCountMax) continue;
      const found = `Volume [${volumeId}] has ${older.length + 1} data keys; at most`;
      throw refuse('broker', `${found} ${generationCountMax} are allowed.`);
    }
    const from = Object.fromEntries(volumes.map((each) => [each.volumeId, each.generation]));
    const askedMs = this.#parts.clock.nowMs();
    return () => this.#set(this.#idle(id), { rekeying: { from, askedMs } });
  }

  /**
   * Begins to create a volume of a cluster anew, which is filled from the others when the broker starts.
   * All data of the volume is given up.
   *
   * @throws {ControlError} 'not-found', 'bad-request'
   */
  rebuild(named: string, volumeId: string): Decided<BrokerRecord> {
    const broker = this.require(named);
    const { id, state, volumes } = broker;
    const { rebuild } = this.#parts.engines.engineFor(broker);
    if (rebuild === undefined || volumes.length === 1) {
      const text = `Broker [${id}] is not a cluster: its data is on no other volume.`;
      throw refuse('broker', text);
    }
    const ids = volumes.map((volume) => volume.id);
    if (!ids.includes(volumeId)) {
      const text = `Broker [${id}] has no volume [${volumeId}]; its volumes are ${ids.join(', ')}.`;
      throw refuse('volumeId', text);
    }
    const next = nextState(state, 'reboot-asked');
    if (state !== 'CRITICAL_ACTION_REQUIRED' || next === undefined || isKeyLost(broker)) {
      const why = isKeyLost(broker) ? ' because its KMS key cannot be used' : '';
      const text = `Broker [${id}] is ${state}${why}; a volume is created again only if the broker cannot start.`;
      throw refuse('brokerState', text);
    }
    // A majority must have its data.
    const other = volumes.find((volume) => !volume.isMade && volume.id !== volumeId);
    if (other !== undefined) {
      const text = `Volume [${other.id}] of broker [${id}] is being created again; one at a time is possible.`;
      throw refuse('volumeId', text);
    }
    const rebuilt = volumes.map((volume) =>
      volume.id === volumeId ? { ...volume, isMade: false, mountedEpoch: 0 } : volume,
    );
    return this.#set(broker, { state: next, volumes: rebuilt });
  }

  /** A running broker whose keys are not being changed. */
  #idle(named: string): BrokerRecord {
    const broker = this.require(named);
    if (broker.state !== 'RUNNING') throw notRunning(broker);
    const what =
      broker.keyChange !== null
        ? `its KMS key is being changed to [${broker.keyChange.key.arn}]`
        : broker.rekeying !== null
          ? 'its data is being sealed under a new data key'
          : undefined;
    if (what === undefined) return broker;
    throw new ControlError('conflict', `Broker [${broker.id}] cannot be changed: ${what}.`);
  }

  #set(broker: BrokerRecord, set: BrokerUpdate): Decided<BrokerRecord> {
    const changes = [this.#parts.brokers.entry({ updated: broker.id, set })];
    return { value: { ...broker, ...set }, changes };
  }
}

function notRunning({ id, state }: BrokerRecord): ControlError {
  return refuse('brokerState', `Broker [${id}] must be RUNNING; its state is ${state}.`);
}
