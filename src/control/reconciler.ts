// The reconciliation of brokers with their records.

import { WaxwingError } from '../base/errors.ts';
import type { Entry } from '../storage/journal.ts';
import { type BrokerKeys, ForeignDataKey, KeyLost } from './broker-keys.ts';
import {
  type BrokerRecord,
  type BrokerUpdate,
  hasVolumes,
  isUpgrading,
  type VolumeRecord,
} from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import type { Configurations } from './configurations/configurations.ts';
import type { BrokerSpec, Engine, NewVolumeKey, RunningBroker, VolumeKey } from './engine.ts';
import type { Engines } from './engines.ts';
import type { KeyCheckCounters } from './key-check-counters.ts';
import { type BrokerEvent, nextState, workOf } from './lifecycle.ts';
import { isKeyLost, offerOf } from './offers/offers.ts';
import { appliedPending, stillPending } from './pending.ts';
import { counterpartOf } from './replication/pairs.ts';
import type { Replicator } from './replication/replicator.ts';
import type { Report } from './report.ts';
import { brokerSpec, withVersions } from './running/broker-spec.ts';
import { actionOf, EngineFailure } from './running/failures.ts';
import { type KeyChecks, whileKeyIsUsable } from './running/key-watch.ts';
import type { OpenSecret } from './users/ldap.ts';
import type { EngineReplicas } from './volumes/engine-volumes.ts';
import { takenGrants } from './volumes/key-holdings.ts';
import { overwrite } from './volumes/overwrite.ts';
import type { VolumeKeys } from './volumes/volume-keys.ts';
import type { WrappedDataKey } from './volumes/volume-state.ts';

/** The parts that the reconciler needs. */
export interface ReconcilerParts {
  readonly brokers: Brokers;
  readonly configurations: Configurations;
  readonly keys: BrokerKeys;
  readonly volumeKeys: VolumeKeys;
  readonly engines: Engines;
  readonly keyChecks: KeyCheckCounters;
  readonly openSecret: OpenSecret;
  /** Applies the changes before it returns. Resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  /** The entries of the audit trail for a broker that cannot run, by the code of the error. */
  readonly failureEntries: (
    broker: BrokerRecord,
    code: string,
    message: string,
  ) => readonly Entry[];
  /** The entries of the audit trail for an upgrade of a broker. */
  readonly upgradeEntries: (
    broker: BrokerRecord,
    event: UpgradeEvent,
    details: Readonly<Record<string, string | number>>,
  ) => readonly Entry[];
  readonly replicator: () => Pick<Replicator, 'swap'>;
  readonly report: Report;
}

/** An instance gets another version; all have it; no further one gets it. */
export type UpgradeEvent = 'UpgradeNode' | 'CompleteUpgrade' | 'StopUpgrade';

/** The state of a broker in this process, in addition to its record. */
export interface RuntimeState extends KeyChecks {
  /** Whether the broker accepts connections. */
  isUp: boolean;
  /** Whether an earlier process or an earlier attempt may have left work unfinished. */
  isResumed: boolean;
  /** Whether a part of the running broker needs its keys. */
  isPartDown: boolean;
}

/**
 * Brings a broker from its current state to the state that its record requests. Every step can be
 * repeated: if the process ends during a step, the next process performs it again.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /**
   * Performs the work that the broker's state requires.
   *
   * @throws errors of the key service or the storage that a retry may solve
   */
  async step(id: string, runtime: RuntimeState): Promise<void> {
    const broker = this.#parts.brokers.get(id);
    if (broker === undefined) return;
    try {
      await this.#work(broker, runtime);
      if (runtime.isUp) await this.#parts.volumeKeys.advance(id);
    } catch (error) {
      if (error instanceof KeyLost) await this.#keyLost(broker, runtime, error);
      else if (error instanceof EngineFailure || error instanceof ForeignDataKey)
        await this.#failed(broker, runtime, error);
      else throw error;
    }
  }

  async #work(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const work = workOf(broker.state);
    if (broker.replication !== null && work !== 'delete' && work !== 'nothing') {
      if (broker.replication.role === 'REPLICA') return this.#replicate(broker, runtime);
      if (broker.replication.promotion !== null) return this.#giveWay(broker, runtime);
    }
    const isReplicaNext = broker.pending.replication?.role === 'REPLICA';
    if (work === 'restart' && isReplicaNext) return this.#becomeReplica(broker, runtime);
    switch (work) {
      case 'create':
        return this.#create(broker, runtime);
      case 'keep-running':
        return this.#keepRunning(broker, runtime);
      case 'restart':
        return this.#restart(broker, runtime);
      case 'heal':
        return this.#heal(broker, runtime);
      case 'delete':
        return this.#delete(broker, runtime);
      case 'replicate':
      case 'nothing':
        return;
    }
  }

  #keepRunning(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    if (!runtime.isUp || runtime.isPartDown) return this.#mount(broker, runtime);
    return this.#checkKey(broker, runtime);
  }

  async #heal(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    // An upgrade has stopped: what runs goes on.
    if (runtime.isUp) return this.#keepRunning(broker, runtime);
    // A failed engine is retried once per process, or by a reboot.
    if (isKeyLost(broker) || runtime.isResumed) return this.#mount(broker, runtime);
  }

  /** Stops a new broker whose pair begins. What it has is not part of the pair. */
  async #becomeReplica(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const { id } = broker;
    await this.stop(id, runtime, 'the broker becomes a replica');
    const present = this.#parts.brokers.require(id);
    await this.#move(id, 'demoted', {
      ...appliedPending(broker),
      action: null,
      pending: stillPending(present.pending, broker.pending),
      volumes: present.volumes.map((volume) => ({ ...volume, isMade: false, mountedEpoch: 0 })),
    });
    return this.#work(this.#parts.brokers.require(id), runtime);
  }

  /** Keeps a replica ready to receive the data of its primary. It has no process. */
  async #replicate(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const { id } = broker;
    if (runtime.isUp) await this.stop(id, runtime, 'the broker is a replica');
    if (counterpartOf(this.#parts.brokers, broker) === undefined) {
      await this.#move(id, 'promoted', { replication: null });
      return this.#work(this.#parts.brokers.require(id), runtime);
    }
    await this.#grantVolumes(broker, runtime);
    // What cannot be read is only a copy; a reboot makes another one.
    if (broker.state === 'REBOOT_IN_PROGRESS') {
      await this.#withReplicas(broker, (replicas) => replicas.repair(id));
    }
    if (broker.state === 'REPLICA' && !runtime.keyCheckDue && !runtime.isResumed) return;
    runtime.keyCheckDue = false;
    const granted = this.#parts.brokers.require(id);
    await this.#askForKey(granted);
    const wrapped = await this.#withReplicas(broker, (replicas) => replicas.wrappedKeys(id));
    for (const volume of granted.volumes) {
      await this.#parts.volumeKeys.prove(granted, volume, wrapped);
    }
    runtime.isResumed = false;
    const present = this.#parts.brokers.require(id);
    // It may have been promoted meanwhile, which wakes it again.
    if (present.replication?.role !== 'REPLICA') return;
    const isReboot = broker.state === 'REBOOT_IN_PROGRESS';
    const applied = isReboot ? appliedPending(broker) : {};
    const pending = stillPending(present.pending, isReboot ? broker.pending : {});
    await this.#move(id, 'replicating', { ...applied, action: null, pending });
  }

  /** Stops a primary, and lets its replica take its place. */
  async #giveWay(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const { id } = broker;
    await this.stop(id, runtime, 'its replica becomes the primary');
    const { mounts } = this.#parts.engines.engineFor(broker).volumes.replicas ?? {};
    await whileKeyIsUsable(
      runtime,
      () => this.#askForKey(broker),
      () => void mounts?.unmount(id).catch(() => {}), // it is tried again when the copy fails
      () => this.#parts.replicator().swap(id),
    );
    // If that was not possible, it is the primary again.
    return this.#work(this.#parts.brokers.require(id), runtime);
  }

  /** Makes what a replica has a volume, or creates one if it has nothing. */
  async #adopt(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const { id } = broker;
    const of = <T>(act: (replicas: EngineReplicas) => Promise<T>) =>
      this.#withReplicas(broker, act);
    for (const volume of broker.volumes) {
      const wrapped = await of((all) => all.wrappedKeys(id));
      if (wrapped.length === 0 && (await of((all) => all.finish(id)))) continue;
      const key =
        wrapped.length > 0
          ? await this.#parts.volumeKeys.open(broker, volume, wrapped)
          : await this.#parts.volumeKeys.create(broker.key, volume);
      try {
        if ('wrappedKey' in key) {
          await this.#withEngine(broker, (engine) => engine.create(this.#specOf(broker), [key]));
          await this.#setVolumes(id, () => ({ mountedEpoch: 0 }));
        } else {
          await this.#whileKeyIsUsable(broker, runtime, () => of((all) => all.adopt(id, key)));
        }
      } finally {
        overwrite([key]);
      }
    }
    await this.#setVolumes(id, () => ({ isMade: true }));
  }

  async #restart(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const engine = this.#parts.engines.engineFor(broker);
    // Where that failed before, a new start may help.
    const isWhole = runtime.isUp && !runtime.isPartDown && !runtime.isResumed;
    if (isWhole && engine.restart !== undefined) {
      await this.#askForKey(broker);
      return this.#begin(
        broker,
        runtime,
        (spec) => engine.restart?.(spec) ?? engine.start(spec, []),
      );
    }
    await this.stop(broker.id, runtime, 'the broker is being rebooted');
    return this.#mount(broker, runtime);
  }

  async #create(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    await this.#grantVolumes(broker, runtime);
    if (hasVolumes(broker)) return this.#mount(this.#parts.brokers.require(broker.id), runtime);
    const keys: NewVolumeKey[] = [];
    try {
      for (const volume of broker.volumes) {
        keys.push(await this.#parts.volumeKeys.create(broker.key, volume));
      }
      await this.#withEngine(broker, (engine) => engine.create(this.#specOf(broker), keys));
      await this.#setVolumes(broker.id, () => ({ isMade: true }));
      await this.#start(this.#parts.brokers.require(broker.id), keys, runtime);
    } finally {
      overwrite(keys);
    }
  }

  async #grantVolumes({ id, key, volumes }: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const { keys } = this.#parts;
    for (const volume of volumes) {
      if (volume.grantId !== null) continue;
      const taken = takenGrants(this.#parts.brokers);
      const made = runtime.isResumed ? await keys.findVolumeGrant(key, volume, taken) : undefined;
      const grantId = made ?? (await keys.grantVolume(key, volume));
      await this.#setVolumes(id, (other) => (other.id === volume.id ? { grantId } : {}));
    }
  }

  /** Decrypts the data keys of the broker's volumes and starts it. */
  async #mount(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    // Cleared before the check: a later change must trigger another check.
    runtime.keyCheckDue = false;
    await this.#askForKey(broker);
    if (!hasVolumes(broker)) {
      const { dataReplicationModes } = this.#parts.engines.offerOf(broker).rules;
      const mayBeCopy = dataReplicationModes.includes('CRDR');
      await (mayBeCopy ? this.#adopt(broker, runtime) : this.#rebuild(broker));
    }
    const opened: VolumeKey[] = [];
    try {
      for (const volume of broker.volumes) {
        const wrapped = await this.#wrappedKeys(broker, volume);
        opened.push(await this.#parts.volumeKeys.open(broker, volume, wrapped));
      }
      await this.#start(broker, opened, runtime);
    } finally {
      overwrite(opened);
    }
  }

  /** Until a start has succeeded, a volume is created again before each attempt. */
  async #rebuild(broker: BrokerRecord): Promise<void> {
    for (const volume of broker.volumes.filter(({ isMade }) => !isMade)) {
      const key = await this.#parts.volumeKeys.create(broker.key, volume);
      try {
        await this.#withEngine(broker, async (engine) =>
          engine.rebuild?.(this.#specOf(broker), key),
        );
      } finally {
        overwrite([key]);
      }
    }
  }

  #wrappedKeys(broker: BrokerRecord, { id }: VolumeRecord): Promise<readonly WrappedDataKey[]> {
    return this.#withEngine(broker, (engine) => engine.wrappedKeys(broker.id, id));
  }

  #start(broker: BrokerRecord, keys: readonly VolumeKey[], runtime: RuntimeState): Promise<void> {
    return this.#begin(broker, runtime, (spec) =>
      this.#parts.engines.engineFor(broker).start(spec, keys),
    );
  }

  async #begin(
    broker: BrokerRecord,
    runtime: RuntimeState,
    begin: (spec: BrokerSpec) => Promise<RunningBroker>,
  ): Promise<void> {
    // Pending settings take effect only at a requested reboot, and at what goes on with one.
    const isReboot = broker.state === 'REBOOT_IN_PROGRESS' || isUpgrading(broker);
    const applied = isReboot ? appliedPending(broker) : {};
    const { id } = broker;
    await this.#setVolumes(id, ({ epoch }) => ({ epoch: epoch + 1 }));
    const { volumes } = this.#parts.brokers.require(id);
    const spec = withVersions(this.#specOf({ ...broker, ...applied, volumes }), broker);
    const wasPartDown = runtime.isPartDown;
    runtime.isPartDown = false;
    const begun = this.#whileKeyIsUsable(broker, runtime, () =>
      this.#withEngine(broker, () => begin(spec)),
    );
    const { ports, mounted, problem } = await begun.catch((error: unknown) => {
      runtime.isPartDown ||= wasPartDown;
      runtime.isUp ||= error instanceof KeyLost; // it may run, and is stopped
      throw error;
    });
    runtime.isUp = true;
    runtime.isResumed = false;
    const present = this.#parts.brokers.get(id)?.pending ?? {};
    const pending = stillPending(present, isReboot ? broker.pending : {});
    const isMounted = ({ id: volumeId }: VolumeRecord) => mounted?.includes(volumeId) ?? true;
    const counted = volumes.map((volume) =>
      isMounted(volume) ? { ...volume, isMade: true, mountedEpoch: volume.epoch } : volume,
    );
    const now = { ports, volumes: counted };
    if (problem !== undefined) return this.#stopped(broker, now, problem);
    if (spec.previousVersion !== undefined) {
      const details = { from: spec.previousVersion, to: spec.engineVersion };
      await this.#parts.commit(this.#parts.upgradeEntries(broker, 'CompleteUpgrade', details));
    }
    // All instances have the version of the broker now.
    const instances = broker.instances.map(({ number, volumeId }) => ({ number, volumeId }));
    await this.#move(id, 'started', { ...applied, ...now, instances, action: null, pending });
  }

  /** Lets the engine give up what takes long as soon as the key is lost. @throws {KeyLost} */
  #whileKeyIsUsable<T>(
    broker: BrokerRecord,
    runtime: RuntimeState,
    act: () => Promise<T>,
  ): Promise<T> {
    const abandon = () => this.#parts.engines.engineFor(broker).abandon?.(broker.id);
    return whileKeyIsUsable(runtime, () => this.#askForKey(broker), abandon, act);
  }

  /** Records that a broker runs, but that its upgrade has stopped. */
  async #stopped(
    broker: BrokerRecord,
    now: BrokerUpdate,
    { code, message }: NonNullable<RunningBroker['problem']>,
  ): Promise<void> {
    const { commit, upgradeEntries, report } = this.#parts;
    await commit(upgradeEntries(broker, 'StopUpgrade', { message }));
    await this.#move(broker.id, 'failed', { ...now, action: actionOf(code, message) });
    report('error', broker.id, `the broker runs, but ${message}`);
  }

  /** See {@link EngineEvents.upgrading}. */
  async upgrading(id: string, number: number, engineVersion: string): Promise<void> {
    const broker = this.#parts.brokers.require(id);
    const found = broker.instances.find((instance) => instance.number === number);
    const from = found?.engineVersion ?? broker.engineVersion;
    const details = { node: number, from, to: engineVersion };
    const instances = broker.instances.map((instance) =>
      instance.number === number ? { ...instance, engineVersion } : instance,
    );
    const { brokers, commit, upgradeEntries } = this.#parts;
    const change = brokers.entry({ updated: id, set: { instances } });
    await commit([change, ...upgradeEntries(broker, 'UpgradeNode', details)]);
  }

  #specOf(broker: BrokerRecord): BrokerSpec {
    return brokerSpec(broker, this.#parts);
  }

  async #checkKey(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    if (!runtime.keyCheckDue) return;
    runtime.keyCheckDue = false;
    try {
      await this.#askForKey(broker);
      for (const volume of broker.volumes) {
        const wrapped = await this.#wrappedKeys(broker, volume);
        await this.#parts.volumeKeys.prove(broker, volume, wrapped);
      }
    } catch (error) {
      // Whatever it was, the key is not known to be usable.
      runtime.keyCheckDue = true;
      throw error;
    }
  }

  async #askForKey(broker: BrokerRecord): Promise<void> {
    await this.#parts.keys.check(broker);
    this.#parts.keyChecks.count(broker.id, 'usable');
  }

  async #keyLost(broker: BrokerRecord, runtime: RuntimeState, error: KeyLost): Promise<void> {
    const { id } = broker;
    this.#parts.keyChecks.count(id, 'lost');
    const action = { code: offerOf(broker).lostKeyAction, info: error.message };
    if (this.#parts.brokers.get(id)?.action?.info !== action.info) {
      await this.#move(id, 'key-lost', { action });
      this.#parts.report('error', id, `the broker cannot run: ${error.message}`);
    }
    await this.stop(id, runtime, "the broker's KMS key cannot be used");
  }

  async #failed(broker: BrokerRecord, runtime: RuntimeState, error: WaxwingError): Promise<void> {
    const { id } = broker;
    runtime.isResumed = false;
    const entries = this.#parts.failureEntries(broker, error.code, error.message);
    if (entries.length > 0) await this.#parts.commit(entries);
    await this.fail(id, error.code, error.message);
    const text = `the broker cannot run: ${error.code}: ${error.message}`;
    this.#parts.report('error', id, text);
    await this.stop(id, runtime, 'the broker cannot run');
  }

  /** Records that the engine gave up on a broker. */
  async fail(id: string, code: string, message: string): Promise<void> {
    await this.#move(id, 'failed', { action: actionOf(code, message) });
  }

  async #delete(broker: BrokerRecord, runtime: RuntimeState): Promise<void> {
    const { brokers } = this.#parts;
    const { id } = broker;
    await this.#parts.engines.engineFor(broker).remove(id);
    runtime.isUp = false;
    await this.#parts.volumeKeys.retireAll(broker);
    await this.#parts.commit([brokers.entry({ removed: id })]);
    this.#parts.keyChecks.forget(id);
  }

  /** Stops a broker if it is running. The volume of a replica may be mounted. */
  async stop(id: string, runtime: RuntimeState, reason: string): Promise<void> {
    const { brokers, engines } = this.#parts;
    const broker = brokers.get(id);
    const isReplica = broker?.replication?.role === 'REPLICA';
    if (broker === undefined || !(runtime.isUp || (isReplica && engines.runs(broker)))) return;
    await engines.engineFor(broker).stop(id, reason);
    runtime.isUp = false;
  }

  /** Commits the effect of an event on a broker. Events that no longer apply are ignored. */
  async #move(id: string, event: BrokerEvent, set: BrokerUpdate): Promise<void> {
    const broker = this.#parts.brokers.get(id);
    const state = broker && nextState(broker.state, event);
    if (state !== undefined) await this.#set(id, { ...set, state });
  }

  #set(id: string, set: BrokerUpdate): Promise<void> {
    const { brokers, commit } = this.#parts;
    return commit([brokers.entry({ updated: id, set })]);
  }

  #setVolumes(id: string, change: (of: VolumeRecord) => Partial<VolumeRecord>): Promise<void> {
    const { volumes } = this.#parts.brokers.require(id);
    return this.#set(id, { volumes: volumes.map((volume) => ({ ...volume, ...change(volume) })) });
  }

  #withReplicas<T>(
    broker: BrokerRecord,
    act: (replicas: EngineReplicas) => Promise<T>,
  ): Promise<T> {
    return this.#withEngine(broker, ({ volumes }) => {
      if (volumes.replicas !== undefined) return act(volumes.replicas);
      throw new EngineFailure('replicas-missing', 'the engine of the broker has no replicas');
    });
  }

  async #withEngine<T>(broker: BrokerRecord, act: (engine: Engine) => Promise<T>): Promise<T> {
    try {
      return await act(this.#parts.engines.engineFor(broker));
    } catch (error) {
      if (!(error instanceof WaxwingError)) throw error;
      throw new EngineFailure(error.code, error.message, { cause: error });
    }
  }
}
