import { createSecretKey } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MetricsJson } from '../../base/metrics.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import type { BrokerSpec, Engine, EngineEvents, RunningBroker } from '../../control/engine.ts';
import type { ServerCertificate } from '../../net/tls-listener.ts';
import { systemDisk } from '../../storage/disk.ts';
import { readVolumeHeader, Volume } from '../../storage/volume.ts';
import type { BrokerProcess, ProcessEnd } from './broker-process.ts';
import type { Room } from './messages.ts';
import { takeSpare } from './spare-process.ts';

/** What our own engine is given. */
export interface WaxwingEngineOptions {
  /** Where the brokers' volumes lie, a folder each. */
  readonly folder: string;
  /** Address that brokers listen on. */
  readonly host: string;
  /** Port that a broker takes where it is free, before any other; 0 for any. */
  readonly amqpsPort: number;
  readonly hasTlsParity: boolean;
  /** How much each broker may take. */
  readonly room: Room;
  /** The certificates that one broker shows, and no other listener; asked for at each start. */
  readonly certificates: (brokerId: string) => Promise<readonly ServerCertificate[]>;
  readonly log: (brokerId: string, level: 'info' | 'warn' | 'error', text: string) => void;
  /** Log-ins to a broker failed in the same way, or, where that is undefined, in ways that differ. */
  readonly loginFailed: (
    brokerId: string,
    failure: LoginFailure | undefined,
    count: number,
  ) => void;
}

interface Run {
  readonly process: BrokerProcess;
  readonly running: RunningBroker;
  /** What it shows. */
  certificates: readonly ServerCertificate[];
}

/** Our own broker: one child process a broker. */
export class WaxwingEngine implements Engine {
  readonly #options: WaxwingEngineOptions;
  readonly #runs = new Map<string, Run>();
  #events: EngineEvents | undefined = undefined;

  constructor(options: WaxwingEngineOptions) {
    this.#options = options;
  }

  observe(events: EngineEvents): void {
    this.#events = events;
  }

  async create(spec: BrokerSpec, dataKey: Buffer, wrappedKey: Buffer): Promise<void> {
    const folder = this.#folder(spec.id);
    // What an attempt before left is not yet anybody's data.
    await rm(folder, { recursive: true, force: true });
    await systemDisk.createFolder(this.#options.folder);
    const volume = { id: spec.volumeId, kind: 'broker', wrappedKey } as const;
    await Volume.format(systemDisk, folder, volume, createSecretKey(dataKey));
    await systemDisk.syncFolder(this.#options.folder);
  }

  async wrappedKey(brokerId: string): Promise<Buffer> {
    const { wrappedKey } = await readVolumeHeader(systemDisk, this.#folder(brokerId));
    return wrappedKey;
  }

  async start(spec: BrokerSpec, dataKey: Buffer): Promise<RunningBroker> {
    const { id } = spec;
    const known = this.#runs.get(id);
    if (known !== undefined) {
      dataKey.fill(0);
      return known.running;
    }
    const { host, hasTlsParity, room } = this.#options;
    const certificates = await this.#options.certificates(id);
    const child = takeSpare();
    const wanted = this.#wantedPort(spec);
    const ports = await child.start(
      {
        type: 'start',
        name: spec.name,
        engineVersion: spec.engineVersion,
        folder: this.#folder(id),
        epoch: spec.epoch,
        epochMin: spec.epochMin,
        users: spec.users,
        host,
        amqpsPorts: wanted === 0 ? [0] : [wanted, 0],
        certificates,
        hasTlsParity,
        room,
      },
      dataKey,
      {
        log: (level, text) => this.#options.log(id, level, text),
        loginFailed: (failure, count) => this.#options.loginFailed(id, failure, count),
        ended: (end) => this.#ended(id, end),
      },
    );
    const running = { ports, wantedPorts: this.#reported(id, wanted, ports) };
    this.#runs.set(id, { process: child, running, certificates });
    return running;
  }

  /** The port of an earlier start, else the standard one unless another broker wants it; 0 for any. */
  #wantedPort({ wantedPorts, portsOfOthers }: BrokerSpec): number {
    const { amqpsPort: standard } = this.#options;
    return wantedPorts['amqps'] ?? (portsOfOthers.includes(standard) ? 0 : standard);
  }

  /** The ports to try first at the next start; a port that another program has is reported. */
  #reported(id: string, wanted: number, ports: RunningBroker['ports']): RunningBroker['ports'] {
    const found = ports['amqps'];
    if (wanted === 0 || wanted === found) return ports;
    const text =
      `port ${wanted} on ${this.#options.host} is in use by another program; the broker listens ` +
      `on port ${found} until a start finds port ${wanted} free`;
    this.#options.log(id, 'warn', text);
    return { ...ports, amqps: wanted };
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
  }

  async remove(brokerId: string): Promise<void> {
    await this.stop(brokerId, 'the broker is being deleted');
    await rm(this.#folder(brokerId), { recursive: true, force: true });
  }

  /** Has every running broker show the certificates that it is to show by now. */
  async renewCertificates(): Promise<void> {
    for (const [id, run] of this.#runs) {
      const certificates = await this.#options.certificates(id);
      const isSame = certificates.every(
        ({ certificate }, i) => certificate === run.certificates[i]?.certificate,
      );
      if (isSame) continue;
      run.certificates = certificates;
      run.process.showCertificates(certificates);
    }
  }

  /** What every running broker measures. */
  metrics(): Promise<MetricsJson[]> {
    return Promise.all([...this.#runs.values()].map((run) => run.process.metrics()));
  }

  #folder(brokerId: string): string {
    return join(this.#options.folder, brokerId);
  }
}
