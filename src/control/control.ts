// The control plane: brokers, decisions, and supervision.

import type { KeyObject } from 'node:crypto';
import type { LocalClient } from '../aws/local-client.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Entry } from '../storage/journal.ts';
import { BrokerAlarms } from './alarms.ts';
import { BrokerCommands } from './broker-commands.ts';
import { BrokerKeys } from './broker-keys.ts';
import type { BrokerRecord, BrokerUpdate } from './broker-record.ts';
import type { Brokers } from './brokers.ts';
import { ConfigurationDecisions } from './configurations/configuration-decisions.ts';
import type { Configurations } from './configurations/configurations.ts';
import { Creation, type CreationParts } from './creation.ts';
import type { EngineEvents } from './engine.ts';
import type { Engines } from './engines.ts';
import { KeyCheckCounters } from './key-check-counters.ts';
import type { RemoteKeyService } from './keys/remote-keys.ts';
import { Reconciler, type ReconcilerParts } from './reconciler.ts';
import { counterpartOf } from './replication/pairs.ts';
import { Replicator } from './replication/replicator.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';
import type { OpenSecret, SealSecret } from './users/ldap.ts';
import { UserDecisions } from './users/user-decisions.ts';
import { Restoration } from './volumes/restoration.ts';
import { VolumeCommands } from './volumes/volume-commands.ts';
import { VolumeKeys } from './volumes/volume-keys.ts';

/** The parts and settings of the control plane. */
export interface ControlOptions extends SupervisorOptions {
  readonly brokers: Brokers;
  readonly configurations: Configurations;
  readonly client: LocalClient;
  readonly engines: Engines;
  readonly clock: Clock;
  readonly random: Random;
  /** Applies the changes before it returns. Resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  /** Hashes a password with a one-way function. */
  readonly hashPassword: (password: string) => Promise<string>;
  /** Seals a secret of a broker that is needed again later. */
  readonly sealSecret: SealSecret;
  readonly openSecret: OpenSecret;
  /** See `CreationParts.createServiceRole`. */
  readonly createServiceRole: CreationParts['createServiceRole'];
  /** The key of the digests that detect repeated requests; 256 bits. */
  readonly digestKey: KeyObject;
  /** Called with lines for broker logs. */
  readonly log: EngineEvents['log'];
  /** See {@link ReconcilerParts.failureEntries}. */
  readonly failureEntries: ReconcilerParts['failureEntries'];
  /** See {@link ReconcilerParts.upgradeEntries}. */
  readonly upgradeEntries: ReconcilerParts['upgradeEntries'];
  readonly loginFailed: EngineEvents['loginFailed'];
  readonly accessed: EngineEvents['accessed'];
  /** Whether configurations may not exceed the limits of instance types. */
  readonly hasInstanceLimits: boolean;
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
  /** A KMS outside of the service, whose keys brokers may have. */
  readonly remoteKms?: RemoteKeyService | undefined;
}

/**
 * Decides on requests about brokers, records the decisions, and makes the engines carry them out.
 */
export class Control {
  readonly brokers: Brokers;
  readonly engines: Engines;
  readonly creation: Creation;
  readonly configurations: Configurations;
  readonly decisions: BrokerCommands;
  readonly configurationDecisions: ConfigurationDecisions;
  readonly userDecisions: UserDecisions;
  readonly volumeCommands: VolumeCommands;
  readonly restoration: Restoration;
  readonly keys: BrokerKeys;
  readonly supervisor: Supervisor;
  readonly replicator: Replicator;
  readonly keyChecks = new KeyCheckCounters();
  readonly alarms = new BrokerAlarms();

  constructor(options: ControlOptions) {
    const { brokers, configurations, client, engines, random, region, commit, report } = options;
    const { openSecret } = options;
    const keys = new BrokerKeys(client, region, () => random.uuid(), options.remoteKms);
    this.keys = keys;
    this.brokers = brokers;
    this.configurations = configurations;
    this.engines = engines;
    this.configurationDecisions = new ConfigurationDecisions(options);
    const decided = this.configurationDecisions;
    this.creation = new Creation({ ...options, configurations: decided, keys });
    this.decisions = new BrokerCommands({
      ...options,
      configurations: decided,
      alarms: this.alarms,
    });
    this.userDecisions = new UserDecisions(brokers, engines, options.hashPassword);
    const { creation, keyChecks } = this;
    const records = { brokers, configurations };
    const set = (id: string, change: BrokerUpdate) =>
      commit([brokers.entry({ updated: id, set: change })]);
    const volumeKeys = new VolumeKeys({ brokers, keys, creation, engines, set, report });
    this.volumeCommands = new VolumeCommands({
      brokers,
      keys,
      creation,
      engines,
      clock: options.clock,
    });
    const restoring = { ...options, configurations: decided, creation, keys };
    this.restoration = new Restoration(restoring);
    const parts = {
      failureEntries: options.failureEntries,
      upgradeEntries: options.upgradeEntries,
      ...records,
      keys,
      volumeKeys,
      engines,
      commit,
      keyChecks,
      openSecret,
      replicator: () => this.replicator,
      report,
    };
    const supervising = {
      ...options,
      isAwaited: (broker: BrokerRecord) => engines.areAwaited(broker),
      closing: () => engines.abandonStarts(),
      abandoning: (id: string) => engines.abandonStart(brokers.require(id)),
    };
    const reconciler = new Reconciler(parts);
    const supervisor = new Supervisor(brokers, reconciler, supervising, {
      // The requests of clients that loaded it may have been made to an earlier process.
      prepare: async (id) => {
        if (this.decisions.isMaintained(id)) await this.loadRefusals(id);
      },
      decide: (id) => this.decisions.maintain(id),
    });
    this.supervisor = supervisor;
    this.replicator = new Replicator({
      ...parts,
      clock: options.clock,
      isUp: (id) => supervisor.isUp(id),
      wake: (id) => supervisor.wake(id),
    });
    this.alarms.isStarting = (broker) => !engines.areAwaited(broker) && !supervisor.isUp(broker.id);
    this.alarms.isSilent = (id) => supervisor.silenceOf(id).isSilent;
    this.#observe(options, reconciler);
  }

  #observe({ log, loginFailed, accessed }: ControlOptions, reconciler: Reconciler): void {
    this.engines.observe({
      crashed: (id, detail) => {
        this.alarms.set(id, []);
        this.supervisor.crashed(id, detail);
      },
      failed: (id, ...why) => {
        this.alarms.set(id, []);
        this.supervisor.failed(id, ...why);
      },
      needsKeys: (...of) => this.supervisor.needsKeys(...of),
      log,
      loginFailed,
      accessed,
      upgrading: (...of) => reconciler.upgrading(...of),
      resealed: (id) => this.supervisor.resealed(id),
      alarmed: (...of) => this.alarms.set(...of),
      answering: (...of) => this.supervisor.answering(...of),
    });
  }

  /** Loads what tells whether a broker can run with a configuration. Nothing for an unknown one. */
  async loadRefusals(brokerId: string): Promise<void> {
    const broker = this.brokers.get(brokerId);
    if (broker !== undefined) await this.engines.loadRefusals(broker);
  }

  /** Lets the records of a broker and of the other one of its pair take effect. */
  wakePair(broker: BrokerRecord): void {
    this.supervisor.wake(broker.id);
    const other = counterpartOf(this.brokers, broker);
    if (other !== undefined) this.supervisor.wake(other.id);
  }

  /** Performs the work that is due. Call it about once a second. */
  tick(): void {
    this.supervisor.tick();
    this.replicator.tick();
  }

  /** Ends all work and stops every broker. Clients receive the reason. */
  async close(reason: string): Promise<void> {
    await this.replicator.close();
    await this.supervisor.close(reason);
  }
}
