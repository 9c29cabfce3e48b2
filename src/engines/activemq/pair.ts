// An active and a standby instance of ActiveMQ on one encrypted volume.

import type { KeyObject } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock, type Timer } from '../../base/clock.ts';
import { WaxwingError } from '../../base/errors.ts';
import { systemRandom } from '../../base/random.ts';
import type { LogLevel } from '../../control/engine.ts';
import type { ServerCertificate } from '../../net/tls-listener.ts';
import { EncryptedVolume, type VolumePlace } from '../../volumes/encrypted-volume.ts';
import { folderBytes } from '../volumes/installed-engine-volumes.ts';
import {
  countMount,
  createVolumeFolders,
  type MountCount,
  writeVolumeFile,
} from '../volumes/volume-files.ts';
import { brokerXml, type ConfigurationParts, type Connector } from './files/configuration.ts';
import { keyStore, trustStore } from './files/key-store.ts';
import { log4j2File, log4jFile } from './files/log-settings.ts';
import { statisticsEveryMs } from './files/statistics.ts';
import { groupsFile, loginFile, type PairUser, usersFile } from './files/users.ts';
import type { PairInstallation } from './installation.ts';
import { Instance } from './instance.ts';
import type { MeasuredPair } from './pair-metrics.ts';
import { processUse } from './process-use.ts';
import { type InstanceStatistics, StatisticsReader } from './statistics.ts';

/** What a pair runs with. */
export interface PairSettings {
  readonly installation: PairInstallation;
  readonly place: VolumePlace;
  readonly mount: MountCount;
  readonly heapMib: number;
  /** The text of the broker's configuration; undefined for the defaults of ActiveMQ. */
  readonly configuration: string | undefined;
  readonly users: readonly PairUser[];
  readonly certificate: ServerCertificate;
  /** The authorities of other brokers that the pair connects to, PEM. */
  readonly authorities: readonly string[];
  /** The connectors of the instances 1 and 2. */
  readonly connectors: readonly (readonly Connector[])[];
  readonly broker: Pick<ConfigurationParts, 'brokerName' | 'host' | 'tls' | 'connectionCountMax'>;
}

/** Events of a pair. */
export interface PairEvents {
  /**
   * A line of the log of an instance: `LEVEL|text` if an entry begins with it, otherwise any text, which
   * may be a client's.
   */
  line(number: number, line: string, isEntry: boolean): void;
  log(level: LogLevel, text: string): void;
  /** Its volume is about to be unmounted: whoever else reads it must end. */
  unmounting(): Promise<void>;
  /** It cannot continue, and nothing of it runs any more. */
  ended(detail: string): void;
}

/** Time until the first instance accepts connections of all protocols, milliseconds. */
const startMs = 180_000;
/**
 * Bytes of a store for which a start may take a second more: without its index, the whole journal is read, which may
 * have an acknowledgement in every hundred bytes.
 */
const storeBytesPerSecond = 256 * 1024;
const lookMs = 200;
/** The interval of the checks, milliseconds. */
const watchMs = 5000;
/** Failed checks of the volume in a row after which it counts as lost. */
const volumeFailuresMax = 2;
/** Time after which an instance is killed that was active and accepts no connections, milliseconds. */
const silentMs = 15_000;
/** Time for a takeover, milliseconds. */
const takeoverMs = 120_000;
/** Ends of an instance in a minute after which it is not started again. */
const endsMax = 5;
const minuteMs = 60_000;
const restartMs = 1000;
/** Age from which statistics are not used, milliseconds: two have not come. */
const statisticsAgeMaxMs = 3 * statisticsEveryMs;
/** Checks of an active instance after which it is reported that it has stated no statistics. */
const silentLooksMax = 6;

/** An instance, and what is known about it. */
interface Seat {
  readonly number: number;
  instance: Instance | undefined;
  /** Monotonic times of its unexpected ends, milliseconds. */
  ends: number[];
  /** When it was last seen active; undefined if it was not since it was started. */
  activeAtMs: number | undefined;
  /** What its process stated last. */
  stated: Stated | undefined;
}

/** What a process has stated. */
interface Stated {
  /** Checks in which it was active and had not stated anything. */
  silentLooks: number;
  /** Statistics, and the monotonic time at which they came, milliseconds. */
  last: { readonly statistics: InstanceStatistics; readonly atMs: number } | undefined;
}

/**
 * Runs two processes on one volume. The lock of the store decides which one is active: it can only be
 * taken once per mount, so there is one mount. A process that ends is started again and waits for the
 * lock. If the volume is lost, both are killed.
 */
export class Pair {
  readonly #settings: PairSettings;
  readonly #events: PairEvents;
  readonly #volume: EncryptedVolume;
  readonly #seats: readonly Seat[];
  readonly #keyStorePassword = systemRandom.bytes(24).toString('hex');
  /** Begins the statistics and the entries of the log, so that no text of a client can be taken for one. */
  readonly #outputToken = systemRandom.bytes(16).toString('hex');
  #watch: Timer | undefined = undefined;
  #isLooking = false;
  #isEnding = false;
  #isAbandoned = false;
  #volumeFailures = 0;
  #activeNumber: number | undefined = undefined;
  #activeAtMs = 0;
  /** The last errors in the log, for the reason of a failed start. */
  #errors: string[] = [];

  constructor(settings: PairSettings, events: PairEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#volume = new EncryptedVolume(settings.place, (detail) => void this.#lost(detail));
    this.#seats = [1, 2].map((number) => ({
      number,
      instance: undefined,
      ends: [],
      activeAtMs: undefined,
      stated: undefined,
    }));
  }

  /** The processes that run, by the number of their instance. */
  get processes(): ReadonlyMap<number, number> {
    const found = this.#seats.flatMap(({ number, instance }): [number, number][] =>
      instance?.pid === undefined || instance.isOver ? [] : [[number, instance.pid]],
    );
    return new Map(found);
  }

  /** The number of the active instance, as of the last check. */
  get activeNumber(): number | undefined {
    return this.#activeNumber;
  }

  /** What the metrics follow from. A standby, and an instance that does not answer, state nothing. */
  async measured(): Promise<MeasuredPair> {
    const instances = await Promise.all(
      this.#seats.flatMap(({ number, instance, activeAtMs }) => {
        if (instance?.pid === undefined || instance.isOver) return [];
        const isActive = number === this.#activeNumber && activeAtMs !== undefined;
        return [processUse(instance.pid).then((use) => ({ number, isActive, use }))];
      }),
    );
    const seat = this.#seats.find(({ number }) => number === this.#activeNumber);
    const last = seat?.stated?.last;
    const ageMs = systemClock.monotonicMs() - (last?.atMs ?? 0);
    const statistics = ageMs <= statisticsAgeMaxMs ? last?.statistics : undefined;
    const disk = await statfs(this.#settings.place.folder).catch(() => undefined);
    return { instances, statistics, diskFreeBytes: disk && disk.bavail * disk.bsize };
  }

  /**
   * Mounts the volume and starts both instances. Resolves when the first accepts connections.
   *
   * @throws {WaxwingError} errors of the volume; `engine-failed` if ActiveMQ does not start
   */
  async start(dataKey: KeyObject): Promise<void> {
    try {
      const mountpoint = await this.#volume.unlock(dataKey, this.#owner);
      await countMount(this.#owner, mountpoint, this.#settings.mount);
      await createVolumeFolders(this.#owner, [join(mountpoint, 'data'), join(mountpoint, 'store')]);
      for (const seat of this.#seats) await this.#writeFiles(seat);
      const [first, second] = this.#seats;
      if (first === undefined || second === undefined) return;
      this.#begin(first);
      await this.#becomesActive(first);
      this.#watch = systemClock.setInterval(() => void this.#look(), watchMs);
      this.#begin(second);
    } catch (error) {
      await this.#end({ isClean: false });
      throw error;
    }
  }

  /** Makes a start in progress fail. */
  abandonStart(): void {
    this.#isAbandoned = true;
  }

  /** Ends both instances and unmounts the volume. */
  async stop(): Promise<void> {
    await this.#end({ isClean: true });
  }

  /** Restarts one instance after the other with a new certificate; clients move to the other one. */
  async showCertificate(certificate: ServerCertificate): Promise<void> {
    for (const seat of this.#seats) await this.#writeKeyStore(seat, certificate);
    const byRole = this.#seats.toSorted((seat) => (seat.number === this.#activeNumber ? 1 : -1));
    for (const seat of byRole) {
      if (this.#isEnding) return;
      this.#events.log('info', `instance ${seat.number} is restarted with a new certificate`);
      await seat.instance?.stop();
      const endMs = systemClock.monotonicMs() + takeoverMs;
      while (!this.#isEnding && !(await this.#hasSuccessor(seat))) {
        if (systemClock.monotonicMs() > endMs) break;
        await delay(lookMs);
      }
    }
  }

  /** Whether an instance was started again, and one of both is active. */
  async #hasSuccessor({ instance }: Seat): Promise<boolean> {
    if (instance === undefined || instance.isOver) return false;
    const active = await Promise.all(this.#seats.map((seat) => seat.instance?.isActive() ?? false));
    return active.includes(true);
  }

  get #owner() {
    return this.#settings.installation.user;
  }

  #pathsOf(number: number) {
    const { mountpoint } = this.#settings.place;
    return {
      conf: join(mountpoint, `instance-${number}`),
      temporary: join(mountpoint, `temporary-${number}`),
      data: join(mountpoint, 'data'),
    };
  }

  async #writeFiles(seat: Seat): Promise<void> {
    const { configuration, users, broker, connectors, certificate } = this.#settings;
    const { conf, temporary, data } = this.#pathsOf(seat.number);
    const paths = {
      data,
      store: join(this.#settings.place.mountpoint, 'store'),
      keyStore: join(conf, 'keys.p12'),
      trustStore: join(conf, 'authorities.p12'),
    };
    const own = connectors[seat.number - 1] ?? [];
    const secrets = {
      keyStorePassword: this.#keyStorePassword,
      statisticsToken: this.#outputToken,
    };
    const parts = { ...broker, connectors: own, paths, ...secrets, users };
    const { xml, withoutEffect } = brokerXml(configuration, parts);
    if (seat.number === 1) {
      for (const name of withoutEffect) {
        this.#events.log('warn', `configuration: ${name} has no effect on a pair`);
      }
    }
    await createVolumeFolders(this.#owner, [temporary]);
    await this.#writeKeyStore(seat, certificate);
    const authorities = trustStore(this.#settings.authorities);
    await writeVolumeFile(this.#owner, conf, 'authorities.p12', authorities);
    const files = {
      'activemq.xml': xml,
      'login.config': loginFile,
      'java.security': broker.tls.properties,
      'users.properties': usersFile(users),
      'groups.properties': groupsFile(users),
      'log4j.properties': log4jFile(this.#outputToken),
      'log4j2.properties': log4j2File(this.#outputToken),
    };
    for (const [name, text] of Object.entries(files))
      await writeVolumeFile(this.#owner, conf, name, text);
  }

  async #writeKeyStore({ number }: Seat, certificate: ServerCertificate): Promise<void> {
    const store = keyStore(certificate, this.#keyStorePassword);
    await writeVolumeFile(this.#owner, this.#pathsOf(number).conf, 'keys.p12', store);
  }

  #begin(seat: Seat): void {
    if (this.#isEnding) return;
    const { installation, heapMib, connectors } = this.#settings;
    const ports = (connectors[seat.number - 1] ?? []).map(({ port }) => port);
    const paths = this.#pathsOf(seat.number);
    seat.activeAtMs = undefined;
    // Of this process: lines of the one before may still come.
    const stated: Stated = { silentLooks: 0, last: undefined };
    seat.stated = stated;
    const reader = new StatisticsReader(this.#outputToken);
    seat.instance = new Instance(
      { number: seat.number, installation, heapMib, paths, ports },
      {
        line: (line) => {
          if (!reader.isStatistics(line)) return this.#line(seat.number, line);
          const statistics = reader.read(line);
          if (statistics === undefined) return;
          stated.last = { statistics, atMs: systemClock.monotonicMs() };
        },
        ended: (detail) => this.#ended(seat, detail),
      },
    );
  }

  #line(number: number, written: string): void {
    const start = `${this.#outputToken}|`;
    const isEntry = written.startsWith(start);
    const line = isEntry ? written.slice(start.length) : written;
    if (/^(?:ERROR|FATAL)\||Exception/.test(line)) this.#errors = [...this.#errors, line].slice(-5);
    this.#events.line(number, line, isEntry);
  }

  async #becomesActive(seat: Seat): Promise<void> {
    const storeSeconds = (await folderBytes(this.#settings.place.folder)) / storeBytesPerSecond;
    const patienceMs = startMs + Math.round(storeSeconds) * 1000;
    const endMs = systemClock.monotonicMs() + patienceMs;
    while (!(await seat.instance?.isActive())) {
      const isOver = seat.instance?.isOver ?? true;
      const isGivenUp = this.#isEnding || this.#isAbandoned || systemClock.monotonicMs() > endMs;
      if (isOver || isGivenUp) {
        const why = isOver ? 'it ended' : `given up, after at most ${patienceMs / 1000} s`;
        const last = this.#errors.join('; ').slice(0, 1000);
        throw new WaxwingError('engine-failed', `ActiveMQ did not start (${why}): ${last}`);
      }
      await delay(lookMs);
    }
    this.#nowActive(seat);
  }

  #nowActive(seat: Seat): void {
    this.#activeAtMs = systemClock.monotonicMs();
    seat.activeAtMs = this.#activeAtMs;
    if (this.#activeNumber === seat.number) return;
    this.#activeNumber = seat.number;
    this.#events.log('info', `instance ${seat.number} is active`);
  }

  #ended(seat: Seat, detail: string): void {
    if (this.#isEnding || this.#watch === undefined) return;
    const nowMs = systemClock.monotonicMs();
    seat.stated = undefined;
    seat.ends = [...seat.ends.filter((atMs) => atMs > nowMs - minuteMs), nowMs];
    this.#events.log('warn', `instance ${seat.number} ended: ${detail}`);
    if (seat.ends.length >= endsMax) {
      void this.#lost(`instance ${seat.number} ended ${seat.ends.length} times: ${detail}`);
      return;
    }
    systemClock.setTimeout(() => this.#begin(seat), restartMs * seat.ends.length).unref();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isEnding) return;
    this.#isLooking = true;
    try {
      const problem = await this.#volume.problem();
      this.#volumeFailures = problem === undefined ? 0 : this.#volumeFailures + 1;
      if (problem !== undefined && this.#volumeFailures >= volumeFailuresMax) {
        return await this.#lost(`its volume cannot be used: ${problem}`);
      }
      await this.#lookForActive();
    } finally {
      this.#isLooking = false;
    }
  }

  async #lookForActive(): Promise<void> {
    const nowMs = systemClock.monotonicMs();
    for (const seat of this.#seats) {
      if (await seat.instance?.isActive()) {
        this.#nowActive(seat);
        this.#noticeSilence(seat);
      } else if (seat.activeAtMs !== undefined && nowMs - seat.activeAtMs > silentMs) {
        // It lost the lock of the store, or does not answer: it must not wake up as a second one.
        this.#events.log('warn', `instance ${seat.number} is killed: it accepts no connections`);
        seat.activeAtMs = undefined;
        await seat.instance?.kill();
      }
    }
    if (nowMs - this.#activeAtMs > takeoverMs) await this.#lost('no instance is active');
  }

  /** The expression for the statistics may not fit another version of ActiveMQ. */
  #noticeSilence({ number, stated }: Seat): void {
    if (stated === undefined || stated.last !== undefined) return;
    if (++stated.silentLooks !== silentLooksMax) return;
    const text = `instance ${number} states no statistics: only its processor time and memory are measured`;
    this.#events.log('warn', text);
  }

  async #lost(detail: string): Promise<void> {
    if (this.#isEnding) return;
    try {
      await this.#end({ isClean: false });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#events.log('error', `the volume is not unmounted: ${why}`);
    }
    // A start that fails states its reason itself.
    if (this.#watch !== undefined) this.#events.ended(detail);
  }

  async #end({ isClean }: { readonly isClean: boolean }): Promise<void> {
    this.#isEnding = true;
    this.#watch?.clear();
    // The standby first, so that nothing is taken over.
    const byRole = this.#seats.toSorted((seat) => (seat.number === this.#activeNumber ? 1 : -1));
    let areOver = isClean;
    if (isClean)
      for (const { instance } of byRole) areOver = (await instance?.stop()) !== false && areOver;
    if (!areOver) {
      await this.#volume.fence();
      await Promise.all(this.#seats.map(({ instance }) => instance?.kill()));
    }
    await this.#events.unmounting();
    await this.#volume.lock({ isForced: !areOver });
  }
}
