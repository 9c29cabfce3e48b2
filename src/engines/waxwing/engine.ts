// Waxwing's own engine.

import { createSecretKey } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../base/assert.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import { defaultLimits } from '../../broker/limits.ts';
import type { PortRecord } from '../../control/broker-record.ts';
import type { DiscoveryPage, DiscoveryRequest } from '../../control/discovery.ts';
import type {
  BrokerSpec,
  ConfiguredBroker,
  Engine,
  EngineEvents,
  EngineKind,
  ListenerPlan,
  NewVolumeKey,
  RunningBroker,
  VolumeKey,
  VolumeSpec,
} from '../../control/engine.ts';
import type { WrappedDataKey } from '../../control/volumes/volume-state.ts';
import { isFipsForced } from '../../crypto/fips-process.ts';
import type { ListenerAccess, ServerCertificate } from '../../net/tls-listener.ts';
import { systemDisk } from '../../storage/disk.ts';
import { eraseVolumeHeader } from '../../storage/volume/erase.ts';
import { readVolumeHeader, Volume, wrappedKeysOf } from '../../storage/volume.ts';
import { otherPorts, type PortSettings, portRecord, wantedPorts } from '../ports/port-choice.ts';
import { ProcessWatch } from './answers/process-watch.ts';
import type { BrokerProcess, ProcessEnd, ProcessEvents } from './broker-process.ts';
import { kinds, protocolsOf } from './kinds.ts';
import { directorySettings, type LdapOptions } from './ldap/directory-settings.ts';
import type { ListenerSpec } from './listener-specs.ts';
import type { Room, StartMessage } from './messages.ts';
import { instanceRoom, instanceSettings } from './rabbitmq/instance-settings.ts';
import type { OutsideSettings } from './rabbitmq/rabbitmq-settings.ts';
import { takeSpare } from './spare-process.ts';
import { WaxwingVolumes } from './volumes/waxwing-volumes.ts';

/** The settings of the engine. */
export interface WaxwingEngineOptions
  extends PortSettings,
    Omit<OutsideSettings, 'ldapAuthoritiesFile'> {
  /** The folder with a subfolder for each broker. */
  readonly folder: string;
  /** The address on which brokers listen. */
  readonly host: string;
  readonly hasTlsParity: boolean;
  /** Whether RabbitMQ brokers have the limits of their instance types. */
  readonly hasInstanceLimits: boolean;
  readonly ldap: LdapOptions;
  /** Authorities of the servers of shovels besides the public ones, PEM. */
  readonly shovelAuthorities?: (() => string) | undefined;
  /** The resource limits of each broker. */
  readonly room: Room;
  /** How clients reach the listeners; undefined for directly. */
  readonly access?: ListenerAccess | undefined;
  /** The certificates of one broker, which are requested at each start. */
  readonly certificates: (brokerId: string) => Promise<readonly ServerCertificate[]>;
  /** Watches whether processes answer; a new one by default. */
  readonly watch?: ProcessWatch | undefined;
}

interface Run {
  readonly process: BrokerProcess;
  readonly running: RunningBroker;
  /** The current certificates. */
  certificates: readonly ServerCertificate[];
}

/** Waxwing's own engine. Each broker has one process and one volume. */
export class WaxwingEngine implements Engine {
  readonly kinds: readonly EngineKind[] = kinds;
  readonly #options: WaxwingEngineOptions;
  readonly volumes: WaxwingVolumes;
  readonly #runs = new Map<string, Run>();
  readonly #starting = new Map<string, BrokerProcess>();
  #isClosing = false;
  readonly #watch: ProcessWatch;
  #events: EngineEvents | undefined = undefined;
  #handedOver: () => void = () => {};
  /** Resolves when the process of a broker has all that it needs to start on its own. */
  readonly firstHandover = new Promise<void>((resolve) => {
    this.#handedOver = resolve;
  });
  /** What tells why brokers of a type cannot run with a configuration; loaded when it is first needed. */
  readonly #refusals = new Map<
    string,
    (text: string, broker: ConfiguredBroker) => string | undefined
  >();
  #running: () => void = () => {};
  /** Resolves when a broker accepts connections. */
  readonly firstRunning = new Promise<void>((resolve) => {
    this.#running = resolve;
  });

  constructor(options: WaxwingEngineOptions) {
    this.#options = options;
    this.#watch = options.watch ?? new ProcessWatch();
    this.volumes = new WaxwingVolumes(
      (id) => this.#folder(id),
      (id) => this.#runs.get(id)?.process,
    );
  }

  observe(events: EngineEvents): void {
    this.#events = events;
  }

  async loadRefusals(engineType: string): Promise<void> {
    if (engineType === 'ACTIVEMQ') {
      const { whyUnusable } = await import('./configuration/why-unusable.ts');
      this.#refusals.set(engineType, (text, { authenticationStrategy }) =>
        whyUnusable(text, authenticationStrategy === 'LDAP'),
      );
      return;
    }
    const { whyUnusable } = await import('./rabbitmq/why-unusable.ts');
    this.#refusals.set(engineType, (text, { engineVersion }) => whyUnusable(text, engineVersion));
  }

  configurationRefusal(broker: ConfiguredBroker, text: string): string | undefined {
    return this.#refusals.get(broker.engineType)?.(text, broker);
  }

  async create(spec: BrokerSpec, keys: readonly NewVolumeKey[]): Promise<void> {
    const folder = this.#folder(spec.id);
    const { volumeId, dataKey, wrappedKey } = onlyKey(spec, keys);
    // The remains of an earlier attempt contain no data.
    await rm(folder, { recursive: true, force: true });
    await systemDisk.createFolder(this.#options.folder);
    const volume = { id: volumeId, kind: 'broker', wrappedKey } as const;
    await Volume.format(systemDisk, folder, volume, createSecretKey(dataKey));
    await systemDisk.syncFolder(this.#options.folder);
  }

  async wrappedKeys(brokerId: string): Promise<readonly WrappedDataKey[]> {
    return wrappedKeysOf(await readVolumeHeader(systemDisk, this.#folder(brokerId)));
  }

  async start(spec: BrokerSpec, keys: readonly VolumeKey[]): Promise<RunningBroker> {
    const { id } = spec;
    const { dataKey, older = [] } = onlyKey(spec, keys);
    const { epoch, epochMin } = onlyVolume(spec);
    const dataKeys = Buffer.concat([dataKey, ...older.map((each) => each.dataKey)]);
    for (const each of [dataKey, ...older.map((key) => key.dataKey)]) each.fill(0);
    const known = this.#runs.get(id);
    if (known !== undefined) {
      dataKeys.fill(0);
      return known.running;
    }
    let read: ReadSettings;
    try {
      read = await readSettings(spec, this.#options);
    } catch (error) {
      dataKeys.fill(0);
      throw error;
    }
    const { host, hasTlsParity, shovelAuthorities } = this.#options;
    const certificates = await this.#options.certificates(id);
    const child = this.#takeProcess();
    const listeners = listenersOf(spec, read.rabbitMq?.listeners ?? {});
    const wanted = wantedPorts(spec, listeners, this.#options);
    const others = otherPorts(spec, wanted, this.#options);
    const started = child.start(
      {
        type: 'start',
        name: spec.name,
        engineVersion: spec.engineVersion,
        folder: this.#folder(id),
        epoch,
        epochMin,
        olderGenerations: older.map(({ generation }) => generation),
        ...read,
        setsUsers: spec.engineType === 'ACTIVEMQ',
        host,
        listeners: listeners.map(({ name, protocols, isWebSocket, isManagement = false }, at) => ({
          name,
          protocols,
          hasWebSocket: isWebSocket,
          isManagement,
          ports: wanted[at] === 0 ? [0] : [wanted[at] ?? 0, ...others, 0],
          tlsPolicy: hasTlsParity ? parityPolicies[spec.engineType] : 'default',
        })),
        certificates,
        access: this.#options.access,
        room: this.#roomOf(spec),
        logsConnections: spec.engineType === 'RABBITMQ' && spec.logs.general,
        shovelAuthorities: shovelAuthorities?.(),
        isFips: isFipsForced(),
      },
      dataKeys,
      this.#eventsOf(id),
    );
    this.#starting.set(id, child);
    if (this.#isClosing) child.limitStart();
    this.#handedOver();
    const ports = await started.finally(() => this.#starting.delete(id));
    const running = {
      ports: listeners.map(({ name, endpoint }, at) =>
        this.#portRecord(id, { listener: name, endpoint }, wanted[at] ?? 0, ports[name] ?? 0),
      ),
    };
    this.#began(id, { process: child, running, certificates });
    return running;
  }

  #takeProcess(): BrokerProcess {
    const child = takeSpare();
    this.#watch.add(child);
    void child.ended.then(() => this.#watch.remove(child));
    return child;
  }

  #eventsOf(id: string): ProcessEvents {
    return {
      log: (...line) => this.#events?.log(id, ...line),
      loginFailed: (...of) => this.#events?.loginFailed(id, ...of),
      accessed: (access) => this.#events?.accessed(id, access),
      ended: (end) => this.#ended(id, end),
      resealed: () => this.#events?.resealed(id),
      alarmed: (alarms) => this.#events?.alarmed(id, alarms),
      answering: (...of) => this.#events?.answering(id, ...of),
    };
  }

  /** What the killed process has written is as after a crash. */
  abandon(brokerId: string): void {
    this.#starting.get(brokerId)?.kill();
  }

  abandonStarts(): void {
    this.#isClosing = true;
    for (const child of this.#starting.values()) child.limitStart();
  }

  #began(id: string, run: Run): void {
    this.#runs.set(id, run);
    this.#running();
  }

  /** The resource limits of a broker. */
  #roomOf(spec: BrokerSpec): Room {
    const { room, hasInstanceLimits } = this.#options;
    const isLimited = hasInstanceLimits && spec.engineType === 'RABBITMQ';
    return isLimited ? instanceRoom(room, spec, defaultLimits.memoryBytesMax) : room;
  }

  /** The port for the record. If another program uses the preferred port, this is reported. */
  #portRecord(
    id: string,
    of: Pick<PortRecord, 'listener' | 'endpoint'>,
    wanted: number,
    port: number,
  ): PortRecord {
    const { record, warning } = portRecord(of, wanted, port, this.#options.host);
    if (warning !== undefined) this.#events?.log(id, 'warn', warning);
    return record;
  }

  #ended(id: string, { failure, detail }: ProcessEnd): void {
    this.#runs.delete(id);
    if (failure === undefined) this.#events?.crashed(id, detail);
    else this.#events?.failed(id, failure.code, failure.message);
  }

  async stop(brokerId: string, reason: string): Promise<void> {
    const run = this.#runs.get(brokerId);
    if (run === undefined) return;
    await run.process.stop(reason);
    this.#runs.delete(brokerId);
    this.#events?.alarmed(brokerId, []);
  }

  async remove(brokerId: string): Promise<void> {
    await this.stop(brokerId, 'the broker is being deleted');
    this.volumes.replicas.forget(brokerId);
    await eraseVolumeHeader(systemDisk, this.#folder(brokerId));
    await rm(this.#folder(brokerId), { recursive: true, force: true });
  }

  async renewCertificates(): Promise<void> {
    for (const [id, run] of this.#runs) {
      const certificates = await this.#options.certificates(id);
      const isSame =
        certificates.length === run.certificates.length &&
        certificates.every(
          ({ certificate }, i) => certificate === run.certificates[i]?.certificate,
        );
      if (isSame) continue;
      run.certificates = certificates;
      run.process.showCertificates(certificates);
    }
  }

  metrics(): Promise<MetricsJson[]> {
    return Promise.all([...this.#runs.values()].map((run) => run.process.metrics()));
  }

  async discover(brokerId: string, request: DiscoveryRequest): Promise<DiscoveryPage | undefined> {
    return this.#runs.get(brokerId)?.process.discover(request);
  }

  async setPassword(brokerId: string, username: string, passwordHash: string): Promise<boolean> {
    const { process } = this.#runs.get(brokerId) ?? {};
    return (await process?.setPassword(username, passwordHash)) ?? false;
  }

  #folder(brokerId: string): string {
    return join(this.#options.folder, brokerId);
  }
}

const parityPolicies = { ACTIVEMQ: 'activemq-parity', RABBITMQ: 'rabbitmq-parity' } as const;

/** The settings of a broker that its record contains in another form. */
type ReadSettings = Pick<
  StartMessage,
  'users' | 'directory' | 'activeMq' | 'warnings' | 'rabbitMq' | 'instance'
>;

/**
 * Reads the settings of a broker. The parsers of configurations are loaded by the first broker that has
 * one.
 *
 * @throws {WaxwingError} `configuration-unsupported`, `bad-request`, `authorities-unreadable`
 */
async function readSettings(
  spec: BrokerSpec,
  { ldap: options, oidcAuthorities, arnFolder, hasInstanceLimits }: WaxwingEngineOptions,
): Promise<ReadSettings> {
  // With a directory, the broker's own users cannot log in.
  const users = spec.ldap === null ? spec.users : [];
  if (spec.engineType !== 'ACTIVEMQ') {
    const instance = instanceSettings(spec, hasInstanceLimits);
    if (spec.configuration === null) return { users, instance };
    const { rabbitMqSettings } = await import('./rabbitmq/rabbitmq-settings.ts');
    const { authoritiesFile: ldapAuthoritiesFile } = options;
    const outside = { oidcAuthorities, arnFolder, ldapAuthoritiesFile };
    const rabbitMq = await rabbitMqSettings(spec, spec.configuration, outside);
    return { users, instance, rabbitMq };
  }
  const { readConfiguration } = await import('./configuration/read-configuration.ts');
  const { configuration, warnings } = readConfiguration({ ...spec, users });
  const directory = spec.ldap === null ? undefined : await directorySettings(spec.ldap, options);
  return { users, directory, activeMq: configuration, warnings };
}

/** A listener with its protocols as this engine calls them. */
interface OwnListener extends Omit<ListenerPlan, 'protocols'>, Pick<ListenerSpec, 'protocols'> {
  /** The preferred port in the broker's configuration; undefined if that names none. */
  readonly configuredPort: number | undefined;
}

/**
 * Returns the listeners of a broker that this engine supports, with their protocols.
 *
 * @param configured the ports in its configuration
 */
function listenersOf(
  spec: BrokerSpec,
  configured: Readonly<Partial<Record<string, number>>>,
): OwnListener[] {
  return spec.listeners.flatMap((plan) => {
    const protocols = protocolsOf(plan.name);
    const configuredPort = configured[plan.name];
    const isOff = plan.isOptional === true && configuredPort === undefined;
    return protocols === undefined || isOff ? [] : [{ ...plan, protocols, configuredPort }];
  });
}

function onlyVolume({ id, volumes }: BrokerSpec): VolumeSpec {
  const [volume] = volumes;
  assert(
    volume !== undefined && volumes.length === 1,
    `broker ${id} does not have exactly one volume`,
  );
  return volume;
}

function onlyKey<Key extends VolumeKey>(spec: BrokerSpec, keys: readonly Key[]): Key {
  const { id } = onlyVolume(spec);
  const key = keys.find(({ volumeId }) => volumeId === id);
  assert(key !== undefined, `volume ${id} has no data key`);
  return key;
}
