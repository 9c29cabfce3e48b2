// An engine without brokers.

import { createHash } from 'node:crypto';
import { WaxwingError } from '../../src/base/errors.ts';
import type { MetricsJson } from '../../src/base/metrics.ts';
import type { PortRecord } from '../../src/control/broker-record.ts';
import type { DiscoveryPage } from '../../src/control/discovery.ts';
import type {
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

/** The data of one volume on the disk of a machine. */
interface FakeVolume {
  readonly wrappedKey: Buffer;
  /** SHA-256 of the data key it was made under. */
  readonly keyHash: string;
  /** The number of the newest mount. */
  epoch: number;
}

/** The data of one broker on the disk of a machine, by the id of the volume. */
type Folder = Map<string, FakeVolume>;

/** The folders of a machine's brokers: they outlive the process. */
export type Folders = Map<string, Folder>;

/** The calls of an engine that a test may hold back or let fail. */
export type EngineCall = 'create' | 'wrappedKey' | 'start' | 'stop' | 'remove';

/**
 * An engine without brokers. It keeps to the contract, keys and mount numbers included, and notes
 * what it is asked for; it fails, is slow and reports crashes when it is told to.
 */
export class FakeEngine implements Engine {
  /** Every call so far: `start`, or `stop: the reason`. */
  readonly calls: string[] = [];
  readonly running = new Map<string, BrokerSpec>();
  readonly kinds: readonly EngineKind[];
  readonly #folders: Folders;
  readonly #failures = new Map<EngineCall, Error>();
  readonly #gates = new Map<EngineCall, Promise<void>>();
  /** Passed before and after each call; the place to let the process end. */
  readonly #pass: () => Promise<void>;
  #events: EngineEvents | undefined = undefined;

  constructor(
    folders: Folders,
    pass: () => Promise<void> = async () => {},
    kinds: readonly BrokerKind[] = [{ engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' }],
  ) {
    this.kinds = kinds.map((kind) => wholeKind(kind));
    this.#folders = folders;
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
        return [volumeId, { wrappedKey, keyHash: hash(dataKey), epoch: 0 }] as const;
      });
      this.#folders.set(spec.id, new Map(volumes));
    });
  }

  wrappedKey(brokerId: string, volumeId: string): Promise<Buffer> {
    return this.#do('wrappedKey', 'wrappedKey', () => this.#volume(brokerId, volumeId).wrappedKey);
  }

  start(spec: BrokerSpec, keys: readonly VolumeKey[]): Promise<RunningBroker> {
    return this.#do('start', 'start', () => {
      const isRunning = this.running.has(spec.id);
      for (const { id, epoch } of spec.volumes) {
        const volume = this.#volume(spec.id, id);
        const key = keys.find(({ volumeId }) => volumeId === id);
        if (key === undefined || hash(key.dataKey) !== volume.keyHash) {
          throw new WaxwingError('wrong-key', 'the data key is not that of the volume');
        }
        if (!isRunning && epoch <= volume.epoch) {
          throw new WaxwingError('epoch-used', `mount ${epoch} is not after ${volume.epoch}`);
        }
        volume.epoch = epoch;
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
    listeners: listeners.map(({ name }) => name),
    authenticationStrategies: rules.authenticationStrategies,
  };
}

function hash(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex');
}
