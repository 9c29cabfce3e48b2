import type { KeyObject } from 'node:crypto';
import type { LocalClient } from '../aws/local-client.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Entry } from '../storage/journal.ts';
import { BrokerKeys } from './broker-keys.ts';
import type { Brokers } from './brokers.ts';
import { Creation } from './creation.ts';
import { Decisions } from './decisions.ts';
import type { Engine } from './engine.ts';
import { KeyChecks } from './key-checks.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';
import { Upkeep } from './upkeep.ts';

/** What control is put together from. */
export interface ControlOptions extends SupervisorOptions {
  readonly brokers: Brokers;
  readonly client: LocalClient;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  /** Folds changes in before it returns; resolves once they are synced. */
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  /** A hash that the password cannot be found from. */
  readonly hashPassword: (password: string) => Promise<string>;
  /** The key of the digests by which repeated requests are told from others; 256 bits. */
  readonly digestKey: KeyObject;
  readonly region: string;
  /** 12 digits. */
  readonly accountId: string;
}

/** Brokers: what is asked of them is decided and recorded here, and worked off by the engine. */
export class Control {
  readonly brokers: Brokers;
  readonly creation: Creation;
  readonly decisions: Decisions;
  readonly supervisor: Supervisor;
  readonly keyChecks = new KeyChecks();

  constructor(options: ControlOptions) {
    const { brokers, client, engine, random, region, commit, report } = options;
    const keys = new BrokerKeys(client, region, () => random.uuid());
    this.brokers = brokers;
    this.creation = new Creation({ ...options, keys });
    this.decisions = new Decisions(brokers);
    const { creation, keyChecks } = this;
    const upkeep = new Upkeep({ brokers, keys, creation, engine, commit, keyChecks, report });
    this.supervisor = new Supervisor(brokers, upkeep, engine, options);
  }
}
