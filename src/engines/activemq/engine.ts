// The engine that runs pairs of ActiveMQ.

import { createSecretKey, type KeyObject, X509Certificate } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../base/assert.ts';
import { WaxwingError } from '../../base/errors.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import type { PortRecord } from '../../control/broker-record.ts';
import type { DiscoveryPage } from '../../control/discovery.ts';
import type {
  BrokerSpec,
  ConfiguredBroker,
  Engine,
  EngineEvents,
  EngineKind,
  MissingKind,
  NewVolumeKey,
  RunningBroker,
  VolumeKey,
} from '../../control/engine.ts';
import { ControlError } from '../../control/errors.ts';
import { majorMinor } from '../../control/offers/offers.ts';
import type { WrappedDataKey } from '../../control/volumes/volume-state.ts';
import type { ServerCertificate } from '../../net/tls-listener.ts';
import { EncryptedVolume, type VolumePlace } from '../../volumes/encrypted-volume.ts';
import { mountpointOf } from '../../volumes/mountpoint.ts';
import { whyUnusable } from './files/configuration.ts';
import { javaTls } from './files/tls.ts';
import type { PairUser } from './files/users.ts';
import { lacksOf, listenersOf, type PairInstallation } from './installation.ts';
import { type ActiveMqLine, ActiveMqLines } from './log-line.ts';
import { Pair } from './pair.ts';
import { pairMetrics } from './pair-metrics.ts';
import { choosePorts, type PairPortSettings } from './pair-ports.ts';
import { PairReplicas, type RunningStore } from './replicas/pair-replicas.ts';
import { PairVolumes } from './replicas/pair-volumes.ts';

const kind = { engineType: 'ACTIVEMQ', deploymentMode: 'ACTIVE_STANDBY_MULTI_AZ' } as const;

const mib = 1024 * 1024;
/** Part of the machine's memory for the heap of each instance without a setting, and its limits, MiB. */
const heap = { share: 0.1, min: 128, max: 512 };
/** Memory of a Java machine besides its heap, MiB. */
const besidesHeapMib = 100;

/** The settings of the engine. */
export interface ActiveMqEngineOptions extends PairPortSettings {
  /** The data folder of the service. */
  readonly dataFolder: string;
  /** The folder with a subfolder for each pair. */
  readonly folder: string;
  readonly hasTlsParity: boolean;
  /** Memory of both instances of a pair, bytes; undefined for a part of the machine's. */
  readonly memoryBytesMax: number | undefined;
  /** The limit of each connector. */
  readonly connectionCountMax: number;
  /** The authorities of other brokers that pairs connect to, PEM. */
  readonly authorities: () => readonly string[];
  /** The ActiveMQ of this machine, or why pairs cannot run. */
  readonly installation: PairInstallation | string;
  /** The certificates of one broker, which are requested at each start. */
  readonly certificates: (brokerId: string) => Promise<readonly ServerCertificate[]>;
  /**
   * Seals the password of a user, and opens it. ActiveMQ compares passwords, so a hash is of no use
   * to it.
   */
  readonly seal: (password: string) => string;
  readonly open: (sealed: string) => string;
}

interface Run {
  /** Of the broker. */
  readonly name: string;
  readonly store: RunningStore;
  readonly pair: Pair;
  readonly running: RunningBroker;
  certificate: string;
}

/** A start in progress. */
interface Starting {
  isAbandoned: boolean;
  /** Undefined while it is prepared. */
  pair: Pair | undefined;
}

/** Runs pairs of ActiveMQ as processes of this machine, on one encrypted volume each. */
export class ActiveMqEngine implements Engine {
  readonly kinds: readonly EngineKind[];
  readonly missing: readonly MissingKind[];
  readonly volumes: PairVolumes;
  readonly #options: ActiveMqEngineOptions;
  readonly #runs = new Map<string, Run>();
  /** The starts in progress, by broker id. */
  readonly #starting = new Map<string, Starting>();
  #events: EngineEvents | undefined = undefined;

  constructor(options: ActiveMqEngineOptions) {
    this.#options = options;
    const { installation, seal } = options;
    const isThere = typeof installation !== 'string';
    this.kinds = isThere ? [{ ...kindOf(installation), hashPassword: seal }] : [];
    this.missing = isThere ? [] : [{ ...kind, reason: installation }];
    const placeOf = (...of: [string, string]) => this.#placeOf(...of);
    const replicas = new PairReplicas({
      placeOf,
      folderOf: (id) => join(options.folder, id),
      owner: isThere ? installation.user : undefined,
      running: (id) => this.#runs.get(id)?.store,
    });
    this.volumes = new PairVolumes(placeOf, (id) => this.#runs.has(id), replicas);
  }

  observe(events: EngineEvents): void {
    this.#events = events;
  }

  /** Processes end with the service that started them, but mounts stay. */
  async endLeftovers(): Promise<void> {
    for (const brokerId of await namesIn(this.#options.folder)) {
      for (const volume of await this.#volumesIn(brokerId)) await volume.lock({ isForced: true });
    }
  }

  async create(spec: BrokerSpec, keys: readonly NewVolumeKey[]): Promise<void> {
    const { installation } = this.#options;
    await this.stop(spec.id);
    await mkdir(join(this.#options.folder, spec.id), { recursive: true, mode: 0o700 });
    for (const { volumeId, dataKey, wrappedKey } of keys) {
      const volume = new EncryptedVolume(this.#placeOf(spec.id, volumeId), () => {});
      await volume.create(createSecretKey(dataKey), wrappedKey);
    }
    await this.volumes.replicas.forget(spec.id);
    if (typeof installation === 'string') return;
    this.#events?.log(spec.id, 'warn', lacksOf(installation));
  }

  wrappedKeys(brokerId: string, volumeId: string): Promise<readonly WrappedDataKey[]> {
    return this.volumes.wrappedKeys(brokerId, volumeId);
  }

  async start(spec: BrokerSpec, keys: readonly VolumeKey[]): Promise<RunningBroker> {
    const { id } = spec;
    const [key] = keys;
    const [volume] = spec.volumes;
    const starting: Starting = { isAbandoned: false, pair: undefined };
    this.#starting.set(id, starting);
    try {
      const known = this.#runs.get(id);
      if (known !== undefined) return known.running;
      assert(key !== undefined && volume !== undefined, `broker ${id} has no volume or no key`);
      assert(key.volumeId === volume.id, `the key of broker ${id} is that of another volume`);
      const installation = this.#requireVersion(spec);
      const certificate = await this.#certificate(id);
      const ports = await choosePorts(spec, this.#options);
      const pair = this.#pair(spec, installation, certificate, ports);
      starting.pair = pair;
      if (starting.isAbandoned) pair.abandonStart();
      await this.#start(id, pair, createSecretKey(key.dataKey));
      const running = { ports };
      const { name } = spec;
      const { mountpoint } = this.#placeOf(id, volume.id);
      const store = { store: { mountpoint, brokerName: name }, epoch: volume.epoch };
      this.#runs.set(id, { name, store, pair, running, certificate: certificate.certificate });
      this.#reportPorts(id, ports);
      return running;
    } finally {
      this.#starting.delete(id);
      for (const { dataKey, older = [] } of keys) {
        for (const each of [dataKey, ...older.map((other) => other.dataKey)]) each.fill(0);
      }
    }
  }

  async #start(brokerId: string, pair: Pair, dataKey: KeyObject): Promise<void> {
    const { replicas } = this.volumes;
    await replicas.claim(brokerId);
    try {
      await pair.start(dataKey);
    } catch (error) {
      replicas.release(brokerId);
      throw error;
    }
  }

  #pair(
    spec: BrokerSpec,
    installation: PairInstallation,
    certificate: ServerCertificate,
    ports: readonly PortRecord[],
  ): Pair {
    const { id } = spec;
    const [volume] = spec.volumes;
    assert(volume !== undefined, `broker ${id} has no volume`);
    const { host, hasTlsParity, connectionCountMax } = this.#options;
    const names = new Set(spec.users.map(({ username }) => username));
    const lines = [1, 2].map(() => new ActiveMqLines((name) => names.has(name)));
    const connectors = [1, 2].map((endpoint) =>
      spec.listeners
        .filter((listener) => listener.endpoint === endpoint)
        .map(({ name, scheme }) => {
          const port = ports.find((each) => each.listener === name && each.endpoint === endpoint);
          return { name, scheme, port: port?.port ?? 0 };
        }),
    );
    const settings = {
      installation,
      place: this.#placeOf(id, volume.id),
      mount: volume,
      heapMib: this.#heapMib,
      configuration: spec.configuration?.text,
      users: spec.users.map((user) => this.#openUser(user)),
      certificate,
      authorities: this.#options.authorities(),
      connectors,
      broker: { brokerName: spec.name, host, tls: javaTls(hasTlsParity), connectionCountMax },
    };
    return new Pair(settings, {
      line: (number, line, isEntry) =>
        this.#line(id, number, lines[number - 1]?.read(line, isEntry), names),
      log: (level, text) => this.#events?.log(id, level, text),
      unmounting: () => this.volumes.replicas.interrupt(id),
      ended: (detail) => {
        this.#runs.delete(id);
        this.volumes.replicas.release(id);
        this.#events?.crashed(id, detail);
      },
    });
  }

  #openUser({ username, passwordHash, groups = [] }: BrokerSpec['users'][number]): PairUser {
    return { username, password: this.#options.open(passwordHash), groups };
  }

  #line(
    id: string,
    number: number,
    line: ActiveMqLine | undefined,
    names: ReadonlySet<string>,
  ): void {
    if (line === undefined) return;
    const { level, text, refused } = line;
    // Errors of the instances are for the broker's own log: the service's log has their ends.
    this.#events?.log(id, level === 'error' ? 'warn' : level, `instance ${number}: ${text}`);
    if (refused === undefined) return;
    const { username, peerAddress } = refused;
    const user = names.has(username) ? username : undefined;
    const reason = user === undefined ? 'the user does not exist' : 'the password is wrong';
    this.#events?.loginFailed(id, { user, peerAddress, reason }, 1);
  }

  #reportPorts(id: string, ports: readonly PortRecord[]): void {
    const { host } = this.#options;
    for (const { port, wantedPort } of ports) {
      if (port === wantedPort) continue;
      const text =
        `port ${wantedPort} on ${host} is in use by another program; the broker ` +
        `listens on port ${port} until a start finds port ${wantedPort} free`;
      this.#events?.log(id, 'warn', text);
    }
  }

  configurationRefusal({ users }: ConfiguredBroker, text: string): string | undefined {
    return whyUnusable(text, users);
  }

  abandon(brokerId: string): void {
    const starting = this.#starting.get(brokerId);
    if (starting !== undefined) starting.isAbandoned = true;
    starting?.pair?.abandonStart();
    this.volumes.replicas.abandonAdoption(brokerId);
  }

  abandonStarts(): void {
    for (const id of [...this.#starting.keys(), ...this.volumes.replicas.adopted]) this.abandon(id);
  }

  async stop(brokerId: string): Promise<void> {
    const run = this.#runs.get(brokerId);
    this.#runs.delete(brokerId);
    await run?.pair.stop();
    this.volumes.replicas.release(brokerId);
    await this.volumes.replicas.unmount(brokerId);
  }

  async remove(brokerId: string): Promise<void> {
    await this.stop(brokerId);
    for (const volume of await this.#volumesIn(brokerId)) await volume.destroy();
    await rm(join(this.#options.folder, brokerId), { recursive: true, force: true });
  }

  async renewCertificates(): Promise<void> {
    for (const [id, run] of this.#runs) {
      const certificate = await this.#certificate(id);
      if (certificate.certificate === run.certificate) continue;
      run.certificate = certificate.certificate;
      await run.pair.showCertificate(certificate);
    }
  }

  metrics(): Promise<MetricsJson[]> {
    return Promise.all(
      [...this.#runs.values()].map(async ({ name, pair }) =>
        pairMetrics(await pair.measured(), name),
      ),
    );
  }

  async discover(brokerId: string): Promise<DiscoveryPage | undefined> {
    const text = `Broker [${brokerId}] is a pair of ActiveMQ; the messages of pairs cannot be searched.`;
    throw new ControlError('bad-request', text);
  }

  async setPassword(): Promise<boolean> {
    return false; // passwords of ActiveMQ users change with a reboot
  }

  get #heapMib(): number {
    const { memoryBytesMax } = this.#options;
    const own =
      memoryBytesMax === undefined ? undefined : memoryBytesMax / 2 / mib - besidesHeapMib;
    const wanted = own ?? Math.min((totalmem() * heap.share) / mib, heap.max);
    return Math.floor(Math.max(heap.min, wanted));
  }

  /** ActiveMQ's suites need a certificate with an RSA key. */
  async #certificate(brokerId: string): Promise<ServerCertificate> {
    const all = await this.#options.certificates(brokerId);
    const found = all.find(
      ({ certificate }) => new X509Certificate(certificate).publicKey.asymmetricKeyType === 'rsa',
    );
    assert(found !== undefined, `broker ${brokerId} has no certificate with an RSA key`);
    return found;
  }

  /** @throws {WaxwingError} `engine-version-missing` */
  #requireVersion({ engineVersion }: BrokerSpec): PairInstallation {
    const { installation } = this.#options;
    if (typeof installation !== 'string') {
      if (majorMinor(installation.version) === majorMinor(engineVersion)) return installation;
      const text = `the broker has engine version ${engineVersion}, but ActiveMQ on this machine is `;
      throw new WaxwingError('engine-version-missing', `${text}${installation.version}`);
    }
    throw new WaxwingError('engine-version-missing', installation);
  }

  async #volumesIn(brokerId: string): Promise<EncryptedVolume[]> {
    const names = await namesIn(join(this.#options.folder, brokerId));
    return names
      .filter((name) => /^(?:vol|fs)-[0-9a-f]+$/.test(name))
      .map((id) => new EncryptedVolume(this.#placeOf(brokerId, id), () => {}));
  }

  #placeOf(brokerId: string, id: string): VolumePlace {
    const { folder, dataFolder } = this.#options;
    return { id, folder: join(folder, brokerId, id), mountpoint: mountpointOf(dataFolder, id) };
  }
}

function kindOf(installation: PairInstallation): EngineKind {
  return {
    ...kind,
    listeners: listenersOf(installation),
    authenticationStrategies: ['SIMPLE'],
    engineVersions: [majorMinor(installation.version)],
    startsSlowly: true,
  };
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}
