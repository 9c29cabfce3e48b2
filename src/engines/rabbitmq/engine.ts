// The engine that runs clusters of RabbitMQ.

import { createSecretKey, X509Certificate } from 'node:crypto';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { assert } from '../../base/assert.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import { isInRange } from '../../base/port-range.ts';
import type { DiscoveryPage } from '../../control/discovery.ts';
import type {
  BrokerAlarm,
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
import type { VolumePlace } from '../../volumes/encrypted-volume.ts';
import { writeKeyFile } from '../../volumes/key-file.ts';
import { mountpointOf } from '../../volumes/mountpoint.ts';
import { InstalledEngineVolumes } from '../volumes/installed-engine-volumes.ts';
import { alarmTexts } from './alarm-texts.ts';
import { Cluster } from './cluster.ts';
import { ClusterEndpoints, type EndpointSettings } from './cluster-endpoints.ts';
import { clusterMetrics } from './cluster-metrics.ts';
import type { ClusterPlace } from './cluster-options.ts';
import { ClusterPlaces } from './cluster-places.ts';
import { isFormed } from './formed.ts';
import type { HostDirectory } from './hosts/host-directory.ts';
import { LocalHost } from './hosts/local-host.ts';
import { localHostId } from './hosts/node-host.ts';
import type { Installation } from './installation.ts';
import { kind, kindOf } from './kind.ts';
import { readLogLine } from './log-line.ts';
import { loopback } from './nodes/node-place.ts';
import { clusterTls } from './nodes/node-tls.ts';
import type { ClusterSettings } from './nodes/set-up.ts';
import { linesKnownBy, ownLines, whyUnusable } from './own-lines.ts';
import { hasMirrors, hostWithout, runnableVersion } from './upgrade/versions.ts';

/** Part of the machine's memory that the nodes of a cluster may use together without a setting. */
const memoryShare = 0.4;
const nodeCount = 3;

/** The settings of the engine. */
export interface RabbitMqEngineOptions extends EndpointSettings {
  /** The data folder of the service. */
  readonly dataFolder: string;
  /** The folder with a subfolder for each cluster. */
  readonly folder: string;
  readonly hasTlsParity: boolean;
  readonly room: {
    /** Of all nodes of a cluster; undefined for a part of the machine's memory. */
    readonly memoryBytesMax: number | undefined;
    readonly diskReserveBytes: number;
  };
  /** What this machine has of RabbitMQ, the newest first, or why nothing can be used. */
  readonly installations: readonly Installation[] | string;
  /** This machine as a host of nodes. */
  readonly local: {
    /** The address on which nodes of clusters over several machines listen; undefined for no such clusters. */
    readonly address: string | undefined;
    readonly zone: string;
  };
  /** The other machines. */
  readonly directory: HostDirectory;
  /** The certificates of one broker, which are requested at each start. */
  readonly certificates: (brokerId: string) => Promise<readonly ServerCertificate[]>;
  /** The authority of these certificates, PEM. */
  readonly authority: () => string;
  /** The name that only the certificates of a broker have. */
  readonly serverName: (brokerId: string) => string;
  /** Authorities of other brokers, besides that one and the public ones, PEM. */
  readonly peerAuthorities: readonly string[];
}

interface Run {
  /** The specification with which the cluster was last started, restarted or upgraded. */
  spec: BrokerSpec;
  readonly cluster: Cluster;
  readonly endpoints: ClusterEndpoints;
  running: RunningBroker | undefined;
  alarms: string;
}

/** Runs clusters of RabbitMQ as processes of this machine, each on an encrypted volume. */
export class RabbitMqEngine implements Engine {
  readonly kinds: readonly EngineKind[];
  readonly missing: readonly MissingKind[];
  readonly volumes: InstalledEngineVolumes;
  readonly #options: RabbitMqEngineOptions;
  readonly #local: LocalHost;
  readonly #places: ClusterPlaces;
  readonly #runs = new Map<string, Run>();
  readonly #starting = new Map<string, Cluster>();
  #events: EngineEvents | undefined = undefined;

  constructor(options: RabbitMqEngineOptions) {
    this.#options = options;
    const { installations: found } = options;
    const installations = typeof found === 'string' ? [] : found;
    this.kinds = installations.length > 0 ? [kindOf(installations)] : [];
    this.missing = typeof found === 'string' ? [{ ...kind, reason: found }] : [];
    const { dataFolder, folder, local, directory } = options;
    this.#local = new LocalHost({
      id: localHostId,
      name: localHostId,
      zone: local.zone,
      address: local.address ?? loopback,
      dataFolder,
      folder,
      installations,
      log: (id, level, text) => this.#events?.log(id, level, text),
    });
    this.#places = new ClusterPlaces(this.#local, directory, local.address !== undefined);
    this.volumes = new InstalledEngineVolumes(
      'cluster',
      (...of) => this.#volumePlace(...of),
      (id) => this.#runs.has(id),
      (id, volumeId) => this.#places.hostOf(volumeId).volumeBytes(id, volumeId),
    );
  }

  observe(events: EngineEvents): void {
    this.#events = events;
  }

  async endLeftovers(): Promise<void> {
    for (const [brokerId, count] of await this.#local.endLeftovers()) {
      if (count === 0) continue;
      const text = `${count} processes that an earlier start of the service left were ended`;
      this.#events?.log(brokerId, 'warn', text);
    }
  }

  async create(spec: BrokerSpec, keys: readonly NewVolumeKey[]): Promise<void> {
    await this.stop(spec.id);
    await mkdir(join(this.#options.folder, spec.id), { recursive: true, mode: 0o700 });
    const folder = await realpath(join(this.#options.folder, spec.id));
    await this.#local.endAll(spec.id);
    await rm(join(folder, 'formed'), { force: true });
    await this.#places.choose(spec);
    for (const { volumeId, dataKey, wrappedKey } of keys) {
      const host = this.#places.hostOf(volumeId);
      const node = await host.node(spec.id, volumeId, silent);
      await node.create(createSecretKey(dataKey), wrappedKey);
      if (host.id !== localHostId) await this.#keepKey(spec.id, volumeId, wrappedKey);
    }
  }

  /** Other machines do not keep the wrapped data keys of their volumes. */
  async #keepKey(brokerId: string, volumeId: string, wrappedKey: Buffer): Promise<void> {
    const { folder } = this.#volumePlace(brokerId, volumeId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeKeyFile(folder, volumeId, [{ generation: 0, wrappedKey }]);
  }

  /** The volume is created by the start, on the host of its node. */
  async rebuild(spec: BrokerSpec, { volumeId, wrappedKey }: NewVolumeKey): Promise<void> {
    await this.stop(spec.id);
    await this.#local.endAll(spec.id);
    await this.#keepKey(spec.id, volumeId, wrappedKey);
  }

  wrappedKeys(brokerId: string, volumeId: string): Promise<readonly WrappedDataKey[]> {
    return this.volumes.wrappedKeys(brokerId, volumeId);
  }

  async start(spec: BrokerSpec, keys: readonly VolumeKey[]): Promise<RunningBroker> {
    try {
      const settings = await this.#settingsOf(spec);
      const run = this.#runs.get(spec.id) ?? (await this.#newRun(spec));
      this.#starting.set(spec.id, run.cluster);
      const started = run.cluster.start(settings, keys);
      const mounted = await started.finally(() => this.#starting.delete(spec.id));
      this.#runs.set(spec.id, run);
      run.running ??= { ports: await this.#open(run, spec) };
      return { ...run.running, ...(await this.#upgraded(run, spec, settings)), mounted };
    } finally {
      for (const { dataKey, older = [] } of keys) {
        for (const each of [dataKey, ...older.map((key) => key.dataKey)]) each.fill(0);
      }
    }
  }

  abandonStarts(): void {
    for (const id of [...this.#starting.keys(), ...this.#runs.keys()]) this.abandon(id);
  }

  async restart(spec: BrokerSpec): Promise<RunningBroker> {
    const run = this.#runs.get(spec.id);
    if (run?.running === undefined) throw new Error(`cluster ${spec.id} is not running`);
    const settings = await this.#settingsOf(spec);
    const running = { ...run.running, mounted: [] };
    if (spec.previousVersion !== undefined) {
      return { ...running, ...(await this.#upgraded(run, spec, settings)) };
    }
    await run.cluster.restart(settings);
    return running;
  }

  /** Carries out the upgrade of a running cluster, if there is one, or goes on with it. */
  async #upgraded(
    run: Run,
    spec: BrokerSpec,
    settings: ClusterSettings,
  ): Promise<Pick<RunningBroker, 'problem'>> {
    if (spec.previousVersion === undefined) return {};
    try {
      const message = await run.cluster.upgrade(settings, majorMinor(spec.engineVersion));
      if (message !== undefined) return { problem: { code: 'upgrade-stopped', message } };
      run.spec = spec;
      return {};
    } catch (error) {
      // It is being stopped. Without this, its nodes would go on.
      await this.stop(spec.id);
      throw error;
    }
  }

  upgradeRefusal(broker: Pick<BrokerSpec, 'instances'>, version: string): string | undefined {
    return hostWithout(this.#places.of(broker), version);
  }

  configurationRefusal({ engineVersion }: ConfiguredBroker, text: string): string | undefined {
    return whyUnusable(text, engineVersion);
  }

  abandon(brokerId: string): void {
    (this.#starting.get(brokerId) ?? this.#runs.get(brokerId)?.cluster)?.abandon();
  }

  async #open({ cluster, endpoints }: Run, spec: BrokerSpec) {
    const warn = (text: string) => this.#events?.log(spec.id, 'warn', text);
    try {
      return await endpoints.open(spec, warn);
    } catch (error) {
      this.#runs.delete(spec.id);
      await cluster.stop();
      throw error;
    }
  }

  async #newRun(spec: BrokerSpec): Promise<Run> {
    const { id } = spec;
    const folder = await realpath(join(this.#options.folder, id));
    await this.#local.endAll(id);
    await this.#replaceLost(spec);
    const places = await this.#versionedPlaces(spec);
    const cluster = new Cluster(
      {
        brokerId: id,
        folder,
        places,
        wrappedKey: (volumeId) => this.#wrappedKey(id, volumeId),
      },
      {
        line: (nodeName, line) => this.#line(id, nodeName, line),
        log: (level, text) => this.#events?.log(id, level, text),
        needsKeys: (detail) => this.#events?.needsKeys(id, detail),
        ended: (detail) => this.#ended(id, detail),
        looked: () => this.#looked(id),
        joined: (volumeId) => this.#places.joined(spec, volumeId),
        upgrading: async (number, version) => this.#events?.upgrading(id, number, version),
      },
    );
    const endpoints = new ClusterEndpoints(cluster, this.#options);
    return { spec, cluster, endpoints, running: undefined, alarms: '' };
  }

  /** Before a start: the node of a host that is lost for good begins with an empty volume on another one. */
  async #replaceLost(spec: BrokerSpec): Promise<void> {
    const { folder, directory } = this.#options;
    if (spec.volumes.some(({ isRebuilt }) => isRebuilt)) return;
    if (!(await isFormed(join(folder, spec.id)))) return;
    const lost = this.#places.lostPlace(spec);
    if (lost === undefined) return;
    const { number, volumeId, from, to } = lost;
    const wrappedKey = await this.#wrappedKey(spec.id, volumeId);
    await this.#places.move(spec, volumeId, to);
    await this.#keepKey(spec.id, volumeId, wrappedKey);
    directory.replaced({ brokerId: spec.id, node: number, from: from.name, to: to.name });
  }

  /**
   * The places of nodes with the versions that they start with: those that they had, or that of an upgrade
   * where the one before is not installed any more.
   *
   * @throws {WaxwingError} `engine-version-missing`
   */
  async #versionedPlaces(spec: BrokerSpec): Promise<ClusterPlace[]> {
    const places: ClusterPlace[] = [];
    for (const place of this.#places.of(spec)) {
      const instance = spec.instances.find((each) => each.volumeId === place.volumeId);
      const had = majorMinor(instance?.engineVersion ?? spec.engineVersion);
      const version = runnableVersion(place.host, [had, majorMinor(spec.engineVersion)]);
      if (version !== had && instance !== undefined) {
        await this.#events?.upgrading(spec.id, instance.number, version);
      }
      const volume = spec.volumes.find((each) => each.id === place.volumeId);
      places.push({ ...place, version, isNew: place.isNew || volume?.isRebuilt === true });
    }
    return places;
  }

  async #wrappedKey(brokerId: string, volumeId: string): Promise<Buffer> {
    const [newest] = await this.wrappedKeys(brokerId, volumeId);
    assert(newest !== undefined, `volume ${volumeId} has no wrapped key`);
    return newest.wrappedKey;
  }

  /**
   * Gives a node of a running cluster another host, where it begins with an empty volume.
   *
   * @param hostName the name or id of the host; undefined for the best one
   * @returns the name of the host
   * @throws {ControlError} `not-found`, `bad-request`, `conflict`
   */
  async moveNode(brokerId: string, number: number, hostName: string | undefined): Promise<string> {
    const run = this.#runs.get(brokerId);
    const node = run?.cluster.nodes.find((each) => each.number === number);
    if (run === undefined || node === undefined) {
      throw new ControlError('not-found', `Broker [${brokerId}] has no running node ${number}.`);
    }
    if (run.cluster.isChanging) {
      throw new ControlError('conflict', `Nodes of broker [${brokerId}] are being started.`);
    }
    if (run.cluster.nodes.every(({ host }) => host === this.#local)) {
      const text = 'has all nodes on the machine of the service; they cannot be moved';
      throw new ControlError('bad-request', `Broker [${brokerId}] ${text}.`);
    }
    const host = this.#places.chooseOther(run.spec, node.volumeId, hostName);
    const wrappedKey = await this.#wrappedKey(brokerId, node.volumeId);
    await run.cluster.move(node, host, () => this.#places.move(run.spec, node.volumeId, host));
    await this.#keepKey(brokerId, node.volumeId, wrappedKey);
    this.#events?.needsKeys(brokerId, `node ${number} moves to host '${host.name}'`);
    return host.name;
  }

  /** The nodes of running clusters that have their places on a host. */
  nodesOn(hostId: string): { readonly brokerId: string; readonly number: number }[] {
    return [...this.#runs].flatMap(([brokerId, { cluster }]) =>
      cluster.nodes
        .filter(({ host }) => host.id === hostId)
        .map(({ number }) => ({ brokerId, number })),
    );
  }

  /** A host can be reached again: its nodes that do not run are started. */
  hostConnected(hostId: string): void {
    for (const [brokerId, { cluster, running }] of this.#runs) {
      const isDown = cluster.nodes.some(({ host, isRunning }) => host.id === hostId && !isRunning);
      if (running === undefined || !isDown) continue;
      this.#events?.needsKeys(brokerId, `host '${hostId}' is connected again`);
    }
  }

  /** A host cannot be reached: what its nodes have answered may be from before its loss. */
  hostDisconnected(hostId: string): void {
    for (const { cluster } of this.#runs.values()) cluster.hostDisconnected(hostId);
  }

  #line(id: string, nodeName: string, line: string): void {
    const { level, category, process, text } = readLogLine(line);
    const [shortName] = nodeName.split('@');
    const shown = `${shortName}: ${text}`;
    if (category !== 'general') {
      this.#events?.log(id, level, `${process} ${shown}`, category);
      return;
    }
    // What nodes warn of is for the broker's own log: the service's log has their ends. Nodes that are
    // stopped report each connection that they end as an error.
    const isError = level === 'error' && this.#runs.get(id)?.cluster.isUp === true;
    this.#events?.log(id, isError ? 'warn' : 'info', shown);
  }

  #ended(id: string, detail: string): void {
    const run = this.#runs.get(id);
    this.#runs.delete(id);
    run?.endpoints.close();
    this.#events?.crashed(id, detail);
  }

  /** Reports the alarms of the nodes if they have changed. */
  #looked(id: string): void {
    const run = this.#runs.get(id);
    const view = run?.cluster.healthy[0]?.view;
    if (run === undefined || view === undefined) return;
    const found = (['memory', 'disk'] as const).filter((alarm) =>
      view.some(({ alarms }) => alarms[alarm]),
    );
    const alarms: BrokerAlarm[] = run.cluster.canary.isSilent ? [...found, 'confirms'] : found;
    if (run.alarms === alarms.join()) return;
    run.alarms = alarms.join();
    for (const alarm of found) {
      for (const text of alarmTexts(alarm, view, run.cluster.nodes)) {
        this.#events?.log(id, 'warn', text);
      }
    }
    this.#events?.alarmed(id, alarms);
  }

  async stop(brokerId: string): Promise<void> {
    const run = this.#runs.get(brokerId);
    if (run === undefined) return;
    run.endpoints.refuse();
    await run.cluster.stop();
    run.endpoints.close();
    this.#runs.delete(brokerId);
    this.#events?.alarmed(brokerId, []);
  }

  async remove(brokerId: string): Promise<void> {
    await this.stop(brokerId);
    await this.#options.directory.remove(brokerId);
    await this.#local.remove(brokerId);
  }

  async renewCertificates(): Promise<void> {
    for (const [id, { cluster }] of this.#runs) {
      await cluster.showCertificate(await this.#certificate(id));
    }
  }

  metrics(): Promise<MetricsJson[]> {
    return Promise.all(
      [...this.#runs.values()].map(({ cluster, endpoints, spec }) =>
        clusterMetrics(cluster, spec.name, endpoints.networkBytes),
      ),
    );
  }

  async discover(brokerId: string): Promise<DiscoveryPage | undefined> {
    throw new ControlError(
      'bad-request',
      `Broker [${brokerId}] is a cluster; the messages of clusters cannot be searched.`,
    );
  }

  async setPassword(brokerId: string): Promise<boolean> {
    throw new ControlError(
      'bad-request',
      `Broker [${brokerId}] is a cluster; its users are changed with its management API.`,
    );
  }

  async #settingsOf(spec: BrokerSpec): Promise<ClusterSettings> {
    const { hasTlsParity, room, authority, peerAuthorities, serverName, brokerPorts } =
      this.#options;
    const ports = spec.ports.flatMap(({ port, wantedPort }) => [port, wantedPort]);
    const taken = new Set([...spec.portsOfOthers, ...ports]);
    const lines = ownLines(spec);
    const memoryBytesMax = room.memoryBytesMax ?? totalmem() * memoryShare;
    return {
      clusterName: spec.name,
      isUpgrade: spec.previousVersion !== undefined,
      volumes: spec.volumes,
      tls: clusterTls(hasTlsParity),
      memoryBytesMax: Math.floor(memoryBytesMax / nodeCount),
      diskReserveBytes: room.diskReserveBytes,
      ownLines: (version) => linesKnownBy(lines, version),
      first: { users: spec.users, hasMirrors: hasMirrors(spec.engineVersion) },
      certificate: await this.#certificate(spec.id),
      authority: authority(),
      peerAuthorities: [authority(), ...peerAuthorities, ...rootCertificates].join('\n'),
      serverName: serverName(spec.id),
      isPortTaken: (port) =>
        taken.has(port) || (brokerPorts !== undefined && isInRange(brokerPorts, port)),
    };
  }

  /** Nodes have one certificate, which must fit the suites of Amazon MQ: that with an RSA key. */
  async #certificate(brokerId: string): Promise<ServerCertificate> {
    const all = await this.#options.certificates(brokerId);
    const found = all.find(
      ({ certificate }) => new X509Certificate(certificate).publicKey.asymmetricKeyType === 'rsa',
    );
    assert(found !== undefined, `broker ${brokerId} has no certificate with an RSA key`);
    return found;
  }

  #volumePlace(brokerId: string, id: string): VolumePlace {
    const { folder, dataFolder } = this.#options;
    return { id, folder: join(folder, brokerId, id), mountpoint: mountpointOf(dataFolder, id) };
  }
}

/** A node that is created runs nothing yet. */
const silent = { line: () => {}, ended: () => {}, volumeLost: () => {} };
