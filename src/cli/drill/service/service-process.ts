// A throw-away service in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askEnvironment, type Environment } from '../../../server/environment.ts';
import { CliError } from '../../errors.ts';
import { AmqpConnection, type AwsClients, type Credentials, clientsOf } from './clients.ts';
import { type Place, programFile } from './place.ts';
import { isRunning, waitFor } from './wait.ts';

/** Maximum time until a service answers, milliseconds. */
const startMsMax = 60_000;
/** Maximum size of the output that is kept, characters. */
const outputLengthMax = 1024 * 1024;
/** Part of the greeting that is printed once the service answers. */
const greetingEnd = 'list-brokers\n';
const freePorts = ['--api-port', '0', '--amqps-port', '0'];

/** Services that run, so that none is left if this process ends. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How a service is started. */
export interface StartOptions {
  /** Options of `waxwing serve`. */
  readonly args?: readonly string[];
  /** Additional variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether a lab stops it in order instead of killing it, because it mounts volumes. */
  readonly hasMounts?: boolean;
}

/** A running service, and clients of its root user. */
export class ServiceProcess {
  readonly place: Place;
  readonly options: StartOptions;
  /** Everything that its processes printed, over all starts. */
  output = '';
  #child: ChildProcess | undefined = undefined;
  #ended: Promise<void> = Promise.resolve();
  #environment: Environment | undefined = undefined;
  #clients: AwsClients | undefined = undefined;
  #others: AwsClients[] = [];

  private constructor(place: Place, options: StartOptions) {
    this.place = place;
    this.options = options;
  }

  /**
   * Starts a service and waits until it answers.
   *
   * @throws {CliError} `service-ended` if it ends instead
   */
  static async start(place: Place, options: StartOptions = {}): Promise<ServiceProcess> {
    const service = new ServiceProcess(place, options);
    await service.start();
    return service;
  }

  /** Starts it again on the same folder. @throws {CliError} `service-ended` */
  async start(): Promise<void> {
    const { args = [], env } = this.options;
    const all = ['serve', '--data', this.place.data, ...freePorts, '--no-default-broker', ...args];
    const child = spawn(process.execPath, [programFile, ...all], {
      cwd: this.place.root,
      env: this.place.environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        if (this.output.length < outputLengthMax) this.output += text;
      });
    }
    let hasEnded = false;
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        running.delete(child);
        hasEnded = true;
        resolve();
      });
    });
    await waitFor(() => printed.includes(greetingEnd) || hasEnded, startMsMax);
    if (!printed.includes(greetingEnd)) {
      await this.stop('SIGKILL');
      throw new CliError('service-ended', printed.trim().split('\n')[0] ?? 'it printed nothing');
    }
    this.#environment = await askEnvironment(this.place.data);
    this.#clients = await clientsOf(this.#environment);
  }

  get isStarted(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get environment(): Environment {
    if (this.#environment !== undefined) return this.#environment;
    throw new CliError('service-ended', 'the service was stopped');
  }

  /** The clients of the root user. */
  get aws(): AwsClients {
    if (this.#clients !== undefined) return this.#clients;
    throw new CliError('service-ended', 'the service was stopped');
  }

  /** The port of the API. */
  get apiPort(): number {
    return Number(new URL(this.environment.AWS_ENDPOINT_URL ?? '').port);
  }

  /** Creates the clients of another caller, or over another endpoint. */
  async clients(credentials?: Credentials, endpoint?: string): Promise<AwsClients> {
    const made = await clientsOf(this.environment, credentials, endpoint);
    this.#others.push(made);
    return made;
  }

  /** The authorities of the API and the brokers, PEM. */
  authorities(): Promise<string> {
    return readFile(this.environment.WAXWING_CA_FILE ?? '', 'utf8');
  }

  /** Connects amqplib to a URL. */
  async connect(url: string): Promise<AmqpConnection> {
    return AmqpConnection.open(url, await this.authorities());
  }

  /** The process of a broker, which the lock of its volume names; undefined if it has none. */
  async brokerPid(brokerId: string): Promise<number | undefined> {
    const file = join(this.place.data, 'brokers', brokerId, 'lock');
    const text = await readFile(file, 'utf8').catch(() => '');
    // The file of a volume that is not in use is empty.
    const pid = text === '' ? undefined : (JSON.parse(text) as { readonly pid?: number }).pid;
    return pid !== undefined && (await isRunning(pid)) ? pid : undefined;
  }

  /** Ends the service, and waits until its processes have ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    for (const clients of [this.#clients, ...this.#others]) clients?.close();
    this.#clients = undefined;
    this.#others = [];
    this.#environment = undefined;
    this.#child?.kill(signal);
    await this.#ended;
    this.#child = undefined;
  }
}
