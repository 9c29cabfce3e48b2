// A running broker in its process: volume, broker, and listeners.

import type { KeyObject } from 'node:crypto';
import { basename } from 'node:path';
import { sourceOf, withoutPort } from '../../base/address.ts';
import { assert } from '../../base/assert.ts';
import { systemClock } from '../../base/clock.ts';
import { FailureGatherer } from '../../base/failure-gatherer.ts';
import type { MetricsJson } from '../../base/metrics.ts';
import { collectGarbage, heapBytes, MemoryInUse, markInSteps } from '../../base/process.ts';
import { Broker } from '../../broker/broker.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import type { DenialObserver } from '../../broker/users.ts';
import type { DiscoveryPage, DiscoveryRequest } from '../../control/discovery.ts';
import type { BrokerAlarm, LogCategory, ReportedAccess } from '../../control/engine.ts';
import { PasswordChecker } from '../../crypto/password.ts';
import type { Listeners } from '../../net/listeners.ts';
import { systemDisk } from '../../storage/disk.ts';
import { Log } from '../../storage/log.ts';
import type { MessageStore } from '../../storage/message-store.ts';
import type { DataKeys, Volume } from '../../storage/volume.ts';
import type { ActiveMqLog } from './activemq-log.ts';
import type { BrokerMetrics } from './broker-metrics.ts';
import { ConversionThread } from './conversions/conversion-thread.ts';
import { DiskWatch } from './disk-watch.ts';
import { setUsers } from './fixed-users.ts';
import { IdleCollector } from './heap/idle-collector.ts';
import { FullCollections, MarkingMode } from './heap/marking-mode.ts';
import { YoungCollector } from './heap/young-collector.ts';
import { InliningMode } from './inlining-mode.ts';
import type { BrokerDirectory } from './ldap/broker-directory.ts';
import {
  type BrokerProtocols,
  beginProtocols,
  connectorsOf,
  type LoadedProtocols,
  loadProtocols,
  makeListeners,
  openListeners,
  storedFormats,
} from './listener-specs.ts';
import { ConnectionLog } from './logs/connection-log.ts';
import { administrationPort } from './management/administration-port.ts';
import type { StartMessage } from './messages.ts';
import { certificateLogins, clientCertificateOptions } from './rabbitmq/certificate-logins.ts';
import { configuredOptions } from './rabbitmq/configured-limits.ts';
import { type LoginServices, loginServices } from './rabbitmq/login-services.ts';
import { RecoveryReport } from './recovery-report.ts';
import { AccessReports } from './reports/access-reports.ts';
import { AlarmWatch } from './reports/alarm-watch.ts';
import { bugReports } from './reports/bug-reports.ts';
import { WriteStall } from './reports/write-stall.ts';
import { type BrokerShovels, shovelsOf } from './shovels/broker-shovels.ts';
import { verifyPassword } from './verify-password.ts';
import { HostedVolume } from './volumes/hosted-volume.ts';
import { openUnlocked } from './volumes/open-unlocked.ts';
import type { VolumeAnswer, VolumeCall } from './volumes/volume-calls.ts';
import { WakeTimer } from './wake-timer.ts';

/** The interval of ticks, milliseconds. */
const tickMs = 100;
/** The interval of checks whether the process is idle, milliseconds. */
const lookMs = 1000;
/** Maximum time for clients to answer when the broker stops, milliseconds. */
const closeTimeoutMs = 3000;
const measureAfterMs = 1000;
const lowOnDisk = 'low on disk';

/** Events of a hosted broker. */
export interface HostEvents {
  /** The broker cannot continue because its log failed. */
  failed(error: Error): void;
  log(level: 'info' | 'warn' | 'error', text: string, category?: LogCategory): void;
  /** Log-ins failed for the same reason; `failure` is undefined if there were different reasons. */
  loginFailed(failure: LoginFailure | undefined, count: number): void;
  /** Users have logged in, or were not permitted to do something. */
  accessed(access: ReportedAccess): void;
  /** All data of the volume is sealed under the newest data key again. */
  resealed(): void;
  /** The alarms of the broker have changed. */
  alarmed(alarms: readonly BrokerAlarm[]): void;
  /** V8 is to inline more, or as much as its own limits allow; see {@link InliningMode}. */
  inlines?(isMore: boolean): void;
}

/** Receivers of log events, which are created later than the log. */
interface LogHooks {
  metrics: BrokerMetrics | undefined;
  log: Log | undefined;
}

interface OpenBroker {
  readonly broker: Broker;
  readonly protocols: BrokerProtocols;
  readonly alarm: WakeTimer;
  readonly disk: DiskWatch;
  readonly inlining: InliningMode;
  readonly hooks: LogHooks;
  readonly conversions: ConversionThread;
  readonly failures: FailureGatherer<LoginFailure>;
  readonly accesses: AccessReports;
  /** Undefined for other types than ActiveMQ's. */
  readonly lines: ActiveMqLog | undefined;
  /** Undefined if the broker has users of its own. */
  readonly directory: BrokerDirectory | undefined;
  /** Undefined if only the broker's own users log in. */
  readonly services: LoginServices | undefined;
  /** Undefined if connections are not logged. */
  readonly connections: ConnectionLog | undefined;
}

/** A broker with its volume and its listeners. */
export class HostedBroker {
  readonly ports: Readonly<Record<string, number>>;
  readonly #volume: Volume;
  readonly #broker: Broker;
  readonly #hostedVolume: HostedVolume;
  readonly #hooks: LogHooks;
  readonly #conversions: ConversionThread;
  readonly #failures: FailureGatherer<LoginFailure>;
  readonly #accesses: AccessReports;
  readonly #lines: ActiveMqLog | undefined;
  readonly #directory: BrokerDirectory | undefined;
  readonly #services: LoginServices | undefined;
  readonly #connections: ConnectionLog | undefined;
  readonly #alarm: WakeTimer;
  readonly #listeners: Listeners;
  readonly #shovels: BrokerShovels | undefined;
  readonly #ticks: NodeJS.Timeout;
  readonly #looks: NodeJS.Timeout;

  private constructor(
    volume: Volume,
    opened: OpenBroker,
    listeners: Listeners,
    shovels: BrokerShovels | undefined,
    events: HostEvents,
  ) {
    const { broker, alarm, disk, inlining, hooks, failures, accesses } = opened;
    const { lines, directory, services, connections, conversions } = opened;
    assert(hooks.log !== undefined, 'a broker is open without its log');
    this.#volume = volume;
    this.#broker = broker;
    this.#hostedVolume = new HostedVolume(volume, hooks.log);
    this.#hooks = hooks;
    this.#conversions = conversions;
    this.#failures = failures;
    this.#accesses = accesses;
    this.#lines = lines;
    this.#directory = directory;
    this.#services = services;
    this.#connections = connections;
    this.#alarm = alarm;
    this.#listeners = listeners;
    this.#shovels = shovels;
    this.ports = listeners.ports;
    const marking = new MarkingMode(markInSteps);
    const collections = new FullCollections();
    const stall = new WriteStall(hooks.log, (isStalled) => {
      if (isStalled) events.log('error', 'the disk has not completed a write for 15 s');
      else events.log('warn', 'the disk completes writes again');
    });
    const alarms = new AlarmWatch(broker.flow, stall, (found) => events.alarmed(found));
    this.#ticks = setInterval(() => {
      broker.tick();
      const nowMs = systemClock.monotonicMs();
      disk.tick(nowMs);
      stall.look(nowMs, disk.isShort);
      alarms.tick();
      inlining.tick();
      marking.look(heapBytes(), collections.wasOne());
    }, tickMs);
    const collector = new IdleCollector({
      cpuMicroseconds: () => {
        const { user, system } = process.cpuUsage();
        return user + system;
      },
      memoryBytes: () => process.memoryUsage.rss(),
      heapBytes,
      collectGarbage,
    });
    this.#looks = setInterval(() => collector.look(lookMs), lookMs);
  }

  /**
   * Opens the volume, recovers the broker, and opens its ports.
   *
   * @throws {StorageError | NetError}
   */
  static async open(
    message: StartMessage,
    dataKeys: KeyObject | DataKeys,
    events: HostEvents,
  ): Promise<HostedBroker> {
    const volume = await openUnlocked(message.folder, dataKeys);
    const loaded = await loadProtocols(message.listeners);
    const opened = await openBroker(volume, message, loaded, events);
    if (message.setsUsers) setUsers(opened.broker, message.users);
    const { host, certificates, access, folder } = message;
    const { broker, protocols } = opened;
    const shovels = shovelsOf(message, broker, protocols, events.log);
    const changesOperatorPolicies = message.rabbitMq?.changesOperatorPolicies ?? false;
    const rules = { ...message.room, changesOperatorPolicies };
    const port = { broker, host, certificates, access, folder, shovels, ...rules };
    const management = await administrationPort(message, port, events.log);
    const clientCertificates = clientCertificateOptions(message.rabbitMq);
    const parts = { host, certificates, access, protocols, management, clientCertificates };
    const [made] = await Promise.all([
      // In a later turn, after the sync has begun: reading certificates takes as long.
      nextTurn().then(() => makeListeners(message.listeners, parts)),
      // Otherwise a message delivered before this record is on disk could be redelivered unmarked.
      broker.defined(),
    ]);
    await opened.directory?.followRights(broker);
    const listeners = await openListeners(made, protocols);
    management.started?.(listeners);
    const hosted = new HostedBroker(volume, opened, listeners, shovels, events);
    opened.lines?.started(connectorsOf(message.listeners));
    setTimeout(() => {
      hosted.#measure(message).catch((error: Error) => events.failed(error));
    }, measureAfterMs);
    return hosted;
  }

  /** The metrics of the broker. */
  async metrics(): Promise<MetricsJson> {
    return (await this.#hooks.metrics?.json()) ?? [];
  }

  /**
   * Performs a call to the volume.
   *
   * @param dataKey the data key of `add-key`
   */
  callVolume(call: VolumeCall, dataKey: KeyObject | undefined): Promise<VolumeAnswer> {
    return this.#hostedVolume.answer(call, dataKey);
  }

  /** Searches messages for personal and secret data. The rules are loaded by the first search. */
  async discover(request: DiscoveryRequest): Promise<DiscoveryPage> {
    const { discover } = await import('./discovery/discovery.ts');
    return discover(this.#broker, request, systemClock, nextTurn);
  }

  /**
   * Replaces the password of a user. Resolves once the change is on disk.
   *
   * @returns whether there is such a user
   */
  async setPassword(username: string, passwordHash: string): Promise<boolean> {
    const user = this.#broker.users.get(username);
    if (user === undefined) return false;
    this.#broker.putUser(username, passwordHash, user.tags);
    await this.#broker.defined();
    return true;
  }

  /** Replaces the certificates for new connections. */
  showCertificates(certificates: StartMessage['certificates']): void {
    this.#listeners.showCertificates(certificates);
  }

  /** Loads the metrics after the start, because loading them takes a tenth of it. */
  async #measure({ name, folder, room }: StartMessage): Promise<void> {
    const { BrokerMetrics } = await import('./broker-metrics.ts');
    const freeBytes = () => systemDisk.freeBytes(folder);
    const disk = { freeBytes, reserveBytes: room.diskReserveBytes };
    this.#hooks.metrics = new BrokerMetrics(this.#broker, this.#listeners, disk, name);
  }

  /** Disconnects clients with a reason, then syncs and closes everything. */
  async close(reason: string): Promise<void> {
    await this.#shovels?.close();
    await this.#listeners.close(reason, closeTimeoutMs);
    this.#failures.flush();
    this.#accesses.flush();
    this.#connections?.flush();
    this.#directory?.close();
    this.#services?.close();
    this.#lines?.stopping();
    clearInterval(this.#ticks);
    this.#alarm.stop();
    clearInterval(this.#looks);
    await this.#broker.close();
    await this.#conversions.close();
    await this.#volume.close();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function openBroker(
  volume: Volume,
  message: StartMessage,
  loaded: LoadedProtocols,
  events: HostEvents,
): Promise<OpenBroker> {
  const hooks: LogHooks = { metrics: undefined, log: undefined };
  const { accesses, lines } = await openReports(message, events, () => broker);
  const configure = await configurerOf(message, lines);
  const directory = await directoryOf(message, lines);
  const services = await servicesOf(message, events, () => broker);
  const passwords = new PasswordChecker();
  const memory = new MemoryInUse();
  const failures = gatherFailures(events, lines);
  let broker: Broker | undefined;
  const disk = diskWatchOf(message, events, hooks, () => broker);
  const report = recoveryReport(events);
  const young = new YoungCollector();
  const openLog = async (store: MessageStore) => {
    hooks.log = await Log.open(volume, store, {
      epoch: message.epoch,
      epochMin: message.epochMin,
      // Before the broker has recovered, nothing waits for durable groups.
      onDurable: (group) => broker?.onDurable(group),
      onFailed: (error) => events.failed(error),
      onRecovering: (doneCount, totalCount) => report.progress(doneCount, totalCount),
      onFull: (isFull) => disk.setFull(isFull),
      onCompacted: (bytes, segmentCount) => hooks.metrics?.compacted(bytes, segmentCount),
      onResealed: () => events.resealed(),
      onEvicted: (sizeBytes) => young.evicted(sizeBytes),
      onSynced: (sizeBytes, durationMs) => {
        disk.written(sizeBytes);
        hooks.metrics?.synced(sizeBytes, durationMs);
      },
    });
  };
  const conversions = new ConversionThread(
    { isActiveMq: message.activeMq !== undefined },
    events.log,
  );
  const alarm = new WakeTimer(systemClock, () => broker?.doDue());
  broker = await Broker.open({
    openLog,
    wakeAt: (atMs) => alarm.schedule(atMs),
    convertsInThread: (request) => conversions.convert(request),
    formats: await storedFormats(loaded),
    users: message.users,
    brokerName: message.name,
    engineVersion: message.engineVersion,
    collectGarbage,
    memoryBytes: () => memory.bytes(broker?.clientConnections.size ?? 0),
    ...configuredOptions(message),
    directory,
    loginServices: services?.list,
    ...certificateLogins(message.rabbitMq),
    verifyPassword: (...of) => verifyPassword(passwords, ...of),
    onLoginFailed: (failure) => failures.add(kindOf(failure), failure),
    onLoggedIn: (login) => accesses.loggedIn(login),
    ...bugReports(events),
  });
  configure(broker);
  const connections = connectionLog(message, events);
  broker.clientConnections.observer = connections;
  broker.users.denied = (...of) => accesses.denied(...of);
  const protocols = beginProtocols(loaded, broker, message.rabbitMq);
  if (disk.isShort) broker.flow.block(lowOnDisk);
  const parts = { failures, accesses, lines, connections, inlining: inliningOf(broker, events) };
  const opened = { broker, protocols, alarm, disk, hooks, directory, services, conversions };
  return { ...opened, ...parts };
}

/** Watches the room on the disk: without it, publishers wait. */
function diskWatchOf(
  message: StartMessage,
  events: HostEvents,
  hooks: LogHooks,
  broker: () => Broker | undefined,
): DiskWatch {
  return new DiskWatch({
    disk: systemDisk,
    folder: message.folder,
    reserveBytes: message.room.diskReserveBytes,
    changed: (isShort, why) => {
      if (isShort) broker()?.flow.block(lowOnDisk);
      else broker()?.flow.unblock(lowOnDisk);
      events.log('warn', `${why}: publishers ${isShort ? 'wait' : 'go on'}`);
    },
    reclaim: (isShort) => hooks.log?.reclaim(isShort),
    failed: (error) => events.failed(error),
  });
}

function inliningOf(broker: Broker, events: HostEvents): InliningMode {
  return new InliningMode(broker, (isMore) => events.inlines?.(isMore));
}

/** Opens the services that check log-ins, if the configuration names any. */
function servicesOf(
  { rabbitMq }: StartMessage,
  { log }: HostEvents,
  broker: () => Broker | undefined,
): Promise<LoginServices | undefined> {
  return loginServices(rabbitMq, {
    warn: (text) => log('warn', text),
    users: () => broker()?.users,
  });
}

/** Opens the reports of what users do, and the log of a broker of ActiveMQ's type. */
async function openReports(
  message: StartMessage,
  events: HostEvents,
  broker: () => Broker | undefined,
): Promise<Pick<OpenBroker, 'accesses' | 'lines'>> {
  const peerOfUser = (access: object) => {
    const opened = broker();
    return opened && peerOf(opened, access);
  };
  const accesses = new AccessReports((access) => events.accessed(access), peerOfUser);
  const lines = await activeMqLog(
    message,
    (level, text) => events.log(level, text),
    peerOfUser,
    (...denied) => accesses.denied(...denied),
  );
  return { accesses, lines };
}

function recoveryReport({ log }: HostEvents): RecoveryReport {
  return new RecoveryReport(
    (text) => log('warn', text),
    () => systemClock.monotonicMs(),
  );
}

function connectionLog(
  { logsConnections }: StartMessage,
  { log }: HostEvents,
): ConnectionLog | undefined {
  return logsConnections ? new ConnectionLog(log, systemClock) : undefined;
}

/** Opens the directory of users, if there is one. */
async function directoryOf(
  { directory }: StartMessage,
  lines: ActiveMqLog | undefined,
): Promise<BrokerDirectory | undefined> {
  if (directory === undefined) return undefined;
  const { BrokerDirectory: Opened } = await import('./ldap/broker-directory.ts');
  return new Opened(directory, (text) => lines?.directoryProblem(text));
}

function gatherFailures(
  events: HostEvents,
  lines: ActiveMqLog | undefined,
): FailureGatherer<LoginFailure> {
  return new FailureGatherer((failure, count) => {
    events.loginFailed(failure, count);
    lines?.loginFailed(failure, count);
  });
}

/** Returns the function that applies the configuration of a broker of ActiveMQ's type. */
async function configurerOf(
  { activeMq }: StartMessage,
  lines: ActiveMqLog | undefined,
): Promise<(broker: Broker) => void> {
  if (activeMq === undefined) return () => {};
  const { configureActiveMq } = await import('../../broker/activemq/activemq.ts');
  return (broker) => configureActiveMq(broker, activeMq, lines);
}

/** Opens the log of a broker of ActiveMQ's type. */
async function activeMqLog(
  { activeMq, warnings, name, folder, engineVersion: version }: StartMessage,
  log: HostEvents['log'],
  peerAddressOf: (access: object) => string | undefined,
  denied: DenialObserver,
): Promise<ActiveMqLog | undefined> {
  if (activeMq === undefined) return undefined;
  const { ActiveMqLog: Lines } = await import('./activemq-log.ts');
  const lines = new Lines({
    broker: { name, id: basename(folder), version },
    log,
    nowMs: () => systemClock.nowMs(),
    peerOf: peerAddressOf,
    denied,
  });
  lines.starting(warnings ?? []);
  return lines;
}

/** Finds the connection of a user. Only called for the few refusals that are reported. */
function peerOf(broker: Broker, access: object): string | undefined {
  for (const connection of broker.clientConnections) {
    if (connection.access === access) return connection.peerAddress;
  }
  return undefined;
}

/** Failures with the same user name, source and reason are reported together. */
function kindOf({ user, peerAddress, reason }: LoginFailure): string {
  return JSON.stringify([user, sourceOf(withoutPort(peerAddress)), reason]);
}
