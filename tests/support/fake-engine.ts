// An engine without brokers.

import { createHash } from 'node:crypto';
import { WaxwingError } from '../../src/base/errors.ts';
import type { MetricsJson } from '../../src/base/metrics.ts';
import type { PortRecord } from '../../src/control/broker-record.ts';
import type { DiscoveryPage } from '../../src/control/discovery.ts';
import type {
  BrokerAlarm,
  BrokerSpec,
  Engine,
  EngineEvents,
  EngineKind,
  NewVolumeKey,
  RunningBroker,
  VolumeKey,
} from '../../src/control/engine.ts';
import type { BrokerKind } from '../../src/control/offers/offer.ts';
import { offerOf } from '../../src/control/offers/offers.ts';
import type { EngineVolumes } from '../../src/control/volumes/engine-volumes.ts';
import type { WrappedDataKey } from '../../src/control/volumes/volume-state.ts';
import { fakeReplicas } from './fake-replicas.ts';

/** A data key of a volume. */
export interface FakeKey {
  readonly generation: number;
  readonly wrappedKey: Buffer;
  /** SHA-256 of the data key. */
  readonly keyHash: string;
}

/** The data of one volume on the disk of a machine. */
interface FakeVolume {
  /** The newest first. */
  keys: readonly FakeKey[];
  /** The number of the newest mount. */
  epoch: number;
}

/** The data of one broker on the disk of a machine, by the id of the volume. */
type Folder = Map<string, FakeVolume>;

/** The folders of a machine's brokers: they outlive the process. */
export type Folders = Map<string, Folder>;

/** The calls of an engine that a test may hold back or let fail. */
export type EngineCall =
  | 'create'
  | 'rebuild'
  | 'wrappedKeys'
  | 'start'
  | 'stop'
  | 'remove'
  | 'rewrap'
  | 'add-key';

/**
 * An engine without brokers. It keeps to the contract, keys and mount numbers included, and notes
 * what it is asked for; it fails, is slow and reports crashes when it is told to.
 */
export class FakeEngine implements Engine {
  /** Every call so far: `start`, or `stop: the reason`. */
  readonly calls: string[] = [];
  readonly running = new Map<string, BrokerSpec>();
  readonly kinds: readonly EngineKind[];
  /** Only of engines with clusters. */
  readonly rebuild?: NonNullable<Engine['rebuild']>;
  /** What a test wants a restart to do. */
  restart?: NonNullable<Engine['restart']>;
  abandon?: NonNullable<Engine['abandon']>;
  loadRefusals?: NonNullable<Engine['loadRefusals']>;
  configurationRefusal?: NonNullable<Engine['configurationRefusal']>;
  readonly #folders: Folders;
  readonly #failures = new Map<EngineCall, Error>();
  readonly #gates = new Map<EngineCall, Promise<void>>();
  /** Passed before and after each call; the place to let the process end. */
  readonly #pass: () => Promise<void>;
  #events: EngineEvents | undefined = undefined;

  /** The receiver of its reports. */
  get events(): EngineEvents | undefined {
    return this.#events;
  }

  constructor(
    folders: Folders,
    pass: () => Promise<void> = async () => {},
    kinds: readonly BrokerKind[] = [{ engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' }],
  ) {
    this.kinds = kinds.map((kind) => wholeKind(kind));
    if (kinds.some(({ deploymentMode }) => deploymentMode === 'CLUSTER_MULTI_AZ')) {
      this.rebuild = (spec, key) => this.#rebuild(spec, key);
    }
    this.#folders = folders;
    this.volumes = { ...this.#ownVolumes, replicas: fakeReplicas(folders) };
    this.#pass = pass;
  }

  /** Lets calls fail from now on; undefined: no longer. */
  fail(call: EngineCall, error: Error | undefined): void {
    if (error === undefined) this.#failures.delete(call);
    else this.#failures.set(call, error);
  }

  /** Holds calls back until the returned function is called. */
  hold(call: EngineCall): () => void {
    let open = () => {};
    this.#gates.set(
      call,
      new Promise((resolve) => {
        open = resolve;
      }),
    );
    return () => {
      this.#gates.delete(call);
      open();
    };
  }

  /** Ends a broker's process as no one asked for. */
  crash(brokerId: string, detail = 'signal SIGSEGV'): void {
    this.running.delete(brokerId);
    this.#events?.crashed(brokerId, detail);
  }

  /** Ends a broker's process as one does that cannot run on. */
  giveUp(brokerId: string, code: string, message: string): void {
    this.running.delete(brokerId);
    this.#events?.failed(brokerId, code, message);
  }

  /** A broker without queues. */
  discover(brokerId: string): Promise<DiscoveryPage | undefined> {
    return Promise.resolve(
      this.running.has(brokerId) ? { queues: [], next: undefined } : undefined,
    );
  }

  /** The passwords that were set, as hashes by broker and user. */
  readonly passwordHashes = new Map<string, string>();

  setPassword(brokerId: string, username: string, passwordHash: string): Promise<boolean> {
    if (!this.running.has(brokerId)) return Promise.resolve(false);
    this.passwordHashes.set(`${brokerId}/${username}`, passwordHash);
    return Promise.resolve(true);
  }

  observe(events: EngineEvents): void {
    this.#events = events;
  }

  create(spec: BrokerSpec, keys: readonly NewVolumeKey[]): Promise<void> {
    return this.#do('create', 'create', () => {
      const volumes = keys.map(({ volumeId, dataKey, wrappedKey }) => {
        const key = { generation: 0, wrappedKey, keyHash: hash(dataKey) };
        return [volumeId, { keys: [key], epoch: 0 }] as const;
      });
      this.#folders.set(spec.id, new Map(volumes));
    });
  }

  #rebuild({ id }: BrokerSpec, { volumeId, dataKey, wrappedKey }: NewVolumeKey): Promise<void> {
    return this.#do('rebuild', 'rebuild', () => {
      const key = { generation: 0, wrappedKey, keyHash: hash(dataKey) };
      this.#folders.get(id)?.set(volumeId, { keys: [key], epoch: 0 });
    });
  }

  wrappedKeys(brokerId: string, volumeId: string): Promise<readonly WrappedDataKey[]> {
    return this.#do('wrappedKeys', 'wrappedKeys', () =>
      this.#volume(brokerId, volumeId).keys.map(({ generation, wrappedKey }) => {
        return { generation, wrappedKey };
      }),
    );
  }

  /** Data is sealed again when {@link reseal} is called, or at once. */
  isResealing = false;

  readonly volumes: EngineVolumes;

  readonly #ownVolumes: EngineVolumes = {
    state: async (brokerId, volumeId) => {
      if (!this.running.has(brokerId)) return undefined;
      const [newest, ...older] = this.#volume(brokerId, volumeId).keys;
      const olderGenerations = older.map(({ generation }) => generation).reverse();
      const bytes = { olderBytes: older.length * 1000, totalBytes: 1000 };
      return { generation: newest?.generation ?? 0, olderGenerations, ...bytes };
    },
    rewrap: async (brokerId, volumeId, keys) => {
      if (!this.running.has(brokerId)) return undefined;
      return this.#do('rewrap', 'rewrap', () => {
        const volume = this.#volume(brokerId, volumeId);
        volume.keys = volume.keys.map((key) => {
          const anew = keys.find(({ generation }) => generation === key.generation);
          if (anew !== undefined) return { ...key, wrappedKey: anew.wrappedKey };
          throw new WaxwingError('key-invalid', 'a data key was not rewrapped');
        });
        return true as const;
      });
    },
    addDataKey: async (brokerId, { volumeId, dataKey, wrappedKey }) => {
      if (!this.running.has(brokerId)) return undefined;
      return this.#do('add-key', 'add-key', () => {
        const volume = this.#volume(brokerId, volumeId);
        const generation = (volume.keys[0]?.generation ?? 0) + 1;
        volume.keys = [{ generation, wrappedKey, keyHash: hash(dataKey) }, ...volume.keys];
        if (!this.isResealing) setImmediate(() => this.reseal(brokerId));
        return generation;
      });
    },
    copy: async () => ({
      files: [],
      read: async function* () {},
      release: async () => true,
    }),
    folderFor: () => '',
  };

  /** Seals the data of a running broker under its newest data key. */
  reseal(brokerId: string): void {
    if (!this.running.has(brokerId)) return;
    for (const volume of this.#folders.get(brokerId)?.values() ?? []) {
      volume.keys = volume.keys.slice(0, 1);
    }
    this.#events?.resealed(brokerId);
  }

  /** Reports the alarms of a running broker. */
  alarm(brokerId: string, alarms: readonly BrokerAlarm[]): void {
    this.#events?.alarmed(brokerId, alarms);
  }

  /** Reports that the process of a broker does not answer, or answers again. */
  tellAnswering(brokerId: string, isAnswering: boolean, detail: string): void {
    this.#events?.answering(brokerId, isAnswering, detail);
  }

  start(spec: BrokerSpec, keys: readonly VolumeKey[]): Promise<RunningBroker> {
    return this.#do('start', 'start', () => {
      const isRunning = this.running.has(spec.id);
      for (const { id, epoch } of spec.volumes) {
        const volume = this.#volume(spec.id, id);
        requireKeys(
          volume,
          keys.find(({ volumeId }) => volumeId === id),
        );
        if (!isRunning && epoch <= volume.epoch) {
          throw new WaxwingError('epoch-used', `mount ${epoch} is not after ${volume.epoch}`);
        }
        volume.epoch = epoch;
        if (volume.keys.length > 1 && !this.isResealing) {
          setImmediate(() => this.reseal(spec.id));
        }
      }
      for (const { dataKey } of keys) dataKey.fill(0);
      const ports = this.#portsOf(spec);
      this.running.set(spec.id, spec);
      return { ports };
    });
  }

  /**
   * The ports of an earlier start; otherwise the standard ones plus a number that differs by
   * broker.
   */
  #portsOf(spec: BrokerSpec): PortRecord[] {
    return spec.listeners.map(({ name: listener, standardPort, endpoint }) => {
      const known = spec.ports.find(
        (port) => port.listener === listener && port.endpoint === endpoint,
      );
      const port = known?.wantedPort ?? standardPort + this.running.size * 10 + endpoint - 1;
      return { listener, endpoint, port, wantedPort: port };
    });
  }

  /** There are no brokers, so there are no metrics. */
  metrics(): Promise<MetricsJson[]> {
    return Promise.resolve([]);
  }

  renewCertificates(): Promise<void> {
    return Promise.resolve();
  }

  stop(brokerId: string, reason: string): Promise<void> {
    return this.#do('stop', `stop: ${reason}`, () => {
      this.running.delete(brokerId);
    });
  }

  remove(brokerId: string): Promise<void> {
    return this.#do('remove', 'remove', () => {
      this.running.delete(brokerId);
      this.#folders.delete(brokerId);
    });
  }

  #volume(brokerId: string, volumeId: string): FakeVolume {
    const volume = this.#folders.get(brokerId)?.get(volumeId);
    if (volume) return volume;
    throw new WaxwingError('volume-missing', `there is no volume ${volumeId} of ${brokerId}`);
  }

  async #do<T>(call: EngineCall, note: string, act: () => T): Promise<T> {
    this.calls.push(note);
    await this.#pass();
    await this.#gates.get(call);
    const failure = this.#failures.get(call);
    if (failure) throw failure;
    const result = act();
    await this.#pass();
    return result;
  }
}

/** A kind of which an engine does all that is offered. */
export function wholeKind({ engineType, deploymentMode }: BrokerKind): EngineKind {
  const { listeners, rules } = offerOf({ engineType, deploymentMode });
  return {
    engineType,
    deploymentMode,
    listeners: listeners.flatMap(({ name, isOptional }) => (isOptional === true ? [] : [name])),
    authenticationStrategies: rules.authenticationStrategies,
  };
}

/** Requires the data keys of a volume, the newest first. */
function requireKeys(volume: FakeVolume, key: VolumeKey | undefined): void {
  const older = (key?.older ?? []).map(({ dataKey }) => dataKey);
  const given = [key?.dataKey, ...older.reverse()];
  if (volume.keys.every(({ keyHash }, i) => hash(given[i] ?? Buffer.alloc(0)) === keyHash)) return;
  throw new WaxwingError('wrong-key', 'the data key is not that of the volume');
}

function hash(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex');
}
