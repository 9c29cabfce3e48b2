// A broker in a real process, whose engine experiences only the time that a test lets pass.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { BrokerSpec, EngineEvents } from '../../src/control/engine.ts';
import { Engines } from '../../src/control/engines.ts';
import { ProcessWatch } from '../../src/engines/waxwing/answers/process-watch.ts';
import { WaxwingEngine } from '../../src/engines/waxwing/engine.ts';
import { AmqpClient } from '../support/amqp-client.ts';
import { planeCertificates } from '../support/certificates.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { childrenOf, until } from '../support/processes.ts';
import { quickHash } from '../support/quick-hash.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

const volumeId = 'vol-00000000000000001';
const kind = { engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' } as const;
const password = 'a password of a test';

/** A broker, and what its engine reports. */
export class WatchedBroker {
  readonly clock = new ManualClock();
  readonly #folder = new WaxwingFolder();
  readonly engine: WaxwingEngine;
  readonly reports: string[] = [];
  readonly id = 'b-1';
  readonly #ca: string;
  readonly #key = randomBytes(32);
  #spec: BrokerSpec;
  #mountedEpoch = 0;

  /** @param folder the folder of the engine; in a new one of its own by default */
  static async make(folder?: string): Promise<WatchedBroker> {
    const passwordHash = await quickHash(password);
    return new WatchedBroker(await planeCertificates(), passwordHash, folder);
  }

  private constructor(
    { servers, authority }: Awaited<ReturnType<typeof planeCertificates>>,
    passwordHash: string,
    folder: string | undefined,
  ) {
    this.#ca = authority;
    this.engine = new WaxwingEngine({
      folder: folder ?? this.#folder.data,
      host: '127.0.0.1',
      amqpsPort: 0,
      hasTlsParity: false,
      hasInstanceLimits: false,
      ldap: { port: 636, authoritiesFile: undefined },
      room: { memoryBytesMax: undefined, diskReserveBytes: 0 },
      certificates: () => Promise.resolve(servers),
      watch: new ProcessWatch(this.clock),
    });
    this.engine.observe(this.#events());
    this.#spec = {
      ...kind,
      id: this.id,
      name: 'watched',
      engineVersion: '3.13',
      hostInstanceType: 'mq.m5.large',
      authenticationStrategy: 'SIMPLE',
      ldap: null,
      configuration: null,
      logs: { general: false, audit: false },
      listeners: new Engines([this.engine]).listenersOf(kind),
      volumes: [{ id: volumeId, epoch: 0, epochMin: 0 }],
      instances: [{ number: 1, volumeId }],
      ports: [],
      portsOfOthers: [],
      users: [{ username: 'admin', passwordHash, groups: [], consoleAccess: false }],
    };
  }

  #events(): EngineEvents {
    const report = (text: string) => void this.reports.push(text);
    return {
      crashed: (_, detail) => report(`crashed: ${detail}`),
      failed: (_, code, message) => report(`failed: ${code}: ${message}`),
      answering: (_, isAnswering, detail) =>
        report(`${isAnswering ? 'answers' : 'silent'}: ${detail}`),
      needsKeys: () => report('needs keys'),
      upgrading: async () => report('upgrades'),
      log: (_, level, text) => {
        if (level === 'error') report(text);
      },
      loginFailed: () => report('a log-in failed'),
      accessed: () => {},
      resealed: () => {},
      alarmed: (_, alarms) => report(`alarms: ${alarms.join()}`),
    };
  }

  create(): Promise<void> {
    const key = { volumeId, dataKey: Buffer.from(this.#key), wrappedKey: Buffer.from('wrapped') };
    return this.engine.create(this.#spec, [key]);
  }

  /** Starts it as control does, under a new mount number. */
  async start(): Promise<void> {
    const epoch = (this.#spec.volumes[0]?.epoch ?? 0) + 1;
    const epochMin = this.#mountedEpoch;
    this.#spec = { ...this.#spec, volumes: [{ id: volumeId, epoch, epochMin }] };
    const keys = [{ volumeId, dataKey: Buffer.from(this.#key) }];
    const { ports } = await this.engine.start(this.#spec, keys);
    this.#spec = { ...this.#spec, ports };
    this.#mountedEpoch = epoch;
  }

  /** Its only process. */
  get pid(): number {
    const [pid, ...more] = childrenOf(process.pid).filter(isBroker);
    if (pid === undefined || more.length > 0) throw new Error('there is not exactly one process');
    return pid;
  }

  /** Stops the process as SIGSTOP does; other processes see that at once. */
  suspend(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  connect(): Promise<AmqpClient> {
    const port = this.#spec.ports.find(({ listener }) => listener === 'amqps')?.port ?? 0;
    const url = `amqps://admin:${encodeURIComponent(password)}@127.0.0.1:${port}`;
    return AmqpClient.connect(url, this.#ca);
  }

  /** Lets time pass for the engine, which gets no message meanwhile. */
  pass(seconds: number): void {
    this.clock.advance(1000 * seconds);
  }

  /** Waits until a start in progress has its process. */
  async watched(): Promise<void> {
    await until('a process is watched', () => this.clock.timerCount > 0);
  }

  /** Waits until a report begins with this text. */
  reported(begin: string): Promise<string> {
    const found = () => this.reports.find((text) => text.startsWith(begin));
    return until(() => `${begin} is reported, beside ${this.reports.join('; ')}`, found);
  }

  async remove(): Promise<void> {
    await this.engine.remove(this.id);
    this.#folder.remove();
  }
}

function isBroker(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('broker.js');
}
