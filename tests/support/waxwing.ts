// The real service in a separate process.

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { IAMClient } from '@aws-sdk/client-iam';
import { KMSClient } from '@aws-sdk/client-kms';
import {
  type CreateBrokerCommandInput,
  type DescribeBrokerCommandOutput,
  MqClient,
} from '@aws-sdk/client-mq';
import { askEnvironment } from '../../src/server/environment.ts';
import { AmqpClient } from './amqp-client.ts';
import { brokerRequest, describeBroker, password } from './broker-requests.ts';
import { childrenOf, isRunning, until } from './processes.ts';
import { freePorts, main, WaxwingFolder } from './waxwing-folder.ts';

/** How a service is started. */
export interface WaxwingOptions {
  /**
   * Options of `waxwing serve` beside `--data`; the ports are free ones unless these name others.
   */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The file of the program; that of the build otherwise. */
  readonly program?: string;
  /** A place that is there; its own otherwise. */
  readonly folder?: WaxwingFolder;
  /** Maximum number of attempts of a call that gets no answer; 1 by default. Tests with clusters load the machine. */
  readonly maxAttempts?: number;
}

interface Clients {
  readonly mq: MqClient;
  readonly kms: KMSClient;
  readonly iam: IAMClient;
  readonly trail: CloudTrailClient;
  readonly agent: Agent;
}

/** Processes that are ended when the tests end. */
const running = new Set<Waxwing>();
process.once('exit', () => {
  for (const waxwing of running) if (waxwing.isRunning) process.kill(waxwing.pid, 'SIGKILL');
});

/** The real program in a separate process with a new data folder. */
export class Waxwing {
  readonly folder: WaxwingFolder;
  /** All that its processes have said, over all its starts. */
  output = '';
  /** The output of `waxwing env`. */
  environment: Readonly<Record<string, string>> = {};
  readonly #options: WaxwingOptions;
  #process: ChildProcess | undefined = undefined;
  #ended: Promise<number | NodeJS.Signals | null> = Promise.resolve(null);
  #greeting = '';
  #clients: Clients | undefined = undefined;

  private constructor(options: WaxwingOptions) {
    this.#options = options;
    this.folder = options.folder ?? new WaxwingFolder();
    running.add(this);
  }

  /** Starts a service and waits for its greeting. */
  static async start(options: WaxwingOptions = {}): Promise<Waxwing> {
    const waxwing = new Waxwing(options);
    try {
      await waxwing.restart();
      return waxwing;
    } catch (error) {
      await waxwing.remove();
      throw error;
    }
  }

  /** Starts a service and waits for nothing. */
  static begin(options: WaxwingOptions = {}): Waxwing {
    const waxwing = new Waxwing(options);
    waxwing.begin();
    return waxwing;
  }

  /** Starts it again, on the same folder and with the same options unless others are given. */
  async restart(options: WaxwingOptions = this.#options): Promise<void> {
    this.begin(options);
    await this.greeted();
    await this.askEnvironment();
  }

  /** Starts the process and waits for nothing. */
  begin(options: WaxwingOptions = this.#options): void {
    this.#letGo();
    const { args = [], env, program = main } = options;
    this.#greeting = '';
    const all = ['serve', '--data', this.folder.data, ...freePorts, ...args];
    const child = spawn(process.execPath, [program, ...all], {
      cwd: this.folder.root,
      env: this.folder.environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#greeting += text;
      this.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
    });
    this.#ended = new Promise((resolve) => {
      // After 'close', all of its output has been read; after 'exit', some may still be in the pipe.
      child.once('close', (code, signal) => resolve(signal ?? code));
    });
  }

  /** Waits until it prints its address. */
  async greeted(): Promise<string> {
    // A start takes half a minute where many programs share two cores.
    const isAnswered = () => this.#greeting.includes('list-brokers\n') || !this.isRunning;
    await until('a greeting', isAnswered, 120_000);
    if (!this.isRunning) throw new Error(`the service ended: ${this.output}`);
    return this.#greeting;
  }

  /** Asks it as `waxwing env` does, without the command, whose process takes a third of a second. */
  async askEnvironment(): Promise<void> {
    this.environment = await askEnvironment(this.folder.data);
  }

  get isRunning(): boolean {
    return this.#process !== undefined && isRunning(this.pid);
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('the service was not started');
    return pid;
  }

  /** The processes of its brokers. */
  get children(): number[] {
    return childrenOf(this.pid);
  }

  /** The process of one broker, as the lock on its volume names it. */
  brokerPid(brokerId: string): number {
    const file = join(this.folder.data, 'brokers', brokerId, 'lock');
    return (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid;
  }

  get apiPort(): number {
    return Number(new URL(this.environment['AWS_ENDPOINT_URL'] ?? '').port);
  }

  /** The URL of the default broker, user and password included. */
  get amqpUrl(): string {
    return this.environment['WAXWING_AMQP_URL'] ?? '';
  }

  /** The certificate to trust, PEM. */
  get ca(): string {
    return readFileSync(this.environment['WAXWING_CA_FILE'] ?? '', 'utf8');
  }

  get mq(): MqClient {
    return this.#connected().mq;
  }

  get kms(): KMSClient {
    return this.#connected().kms;
  }

  get iam(): IAMClient {
    return this.#connected().iam;
  }

  get trail(): CloudTrailClient {
    return this.#connected().trail;
  }

  /** The connections of the clients of this service, for further ones. */
  get agent(): Agent {
    return this.#connected().agent;
  }

  #connected(): Clients {
    if (this.#clients) return this.#clients;
    const { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } =
      this.environment;
    const agent = new Agent({ ca: this.ca, keepAlive: true });
    const options = {
      endpoint: AWS_ENDPOINT_URL ?? '',
      region: AWS_REGION ?? '',
      credentials: {
        accessKeyId: AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: AWS_SECRET_ACCESS_KEY ?? '',
      },
      requestHandler: { httpsAgent: agent },
      maxAttempts: this.#options.maxAttempts ?? 1,
    };
    this.#clients = {
      mq: new MqClient(options),
      kms: new KMSClient(options),
      iam: new IAMClient(options),
      trail: new CloudTrailClient(options),
      agent,
    };
    return this.#clients;
  }

  /** Connects an AMQP client to the default broker or a URL. */
  connect(url = this.amqpUrl): Promise<AmqpClient> {
    return AmqpClient.connect(url, this.ca);
  }

  /** Creates a broker and waits until it runs; its id. */
  async createBroker(changes: Partial<CreateBrokerCommandInput> = {}): Promise<string> {
    const { BrokerId = '' } = await this.mq.send(brokerRequest(changes));
    await this.brokerIs(BrokerId, 'RUNNING');
    return BrokerId;
  }

  /** Waits until a broker is in a state. */
  brokerIs(
    id: string,
    state: string,
    timeoutMs?: number,
  ): Promise<NonNullable<DescribeBrokerCommandOutput>> {
    return until(
      `broker ${id} is ${state}`,
      async () => {
        const found = await describeBroker(this, id);
        return found.BrokerState === state ? found : undefined;
      },
      timeoutMs,
    );
  }

  /** The URL of a broker that {@link createBroker} made, user and password included. */
  async brokerUrl(id: string): Promise<string> {
    const { BrokerInstances } = await describeBroker(this, id);
    const [endpoint = ''] = BrokerInstances?.[0]?.Endpoints ?? [];
    return endpoint.replace('//', `//admin:${password}@`);
  }

  /** Lets this process end while the service runs. */
  unref(): void {
    this.#hold(false);
  }

  /** Whether the service keeps this process running. */
  #hold(holds: boolean): void {
    const pipes = [this.#process?.stdout, this.#process?.stderr] as (Socket | null | undefined)[];
    for (const one of [this.#process, ...pipes]) {
      if (holds) one?.ref();
      else one?.unref();
    }
  }

  /**
   * Ends the process with a signal. Returns the exit code, or the signal if it did not exit by
   * itself.
   */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    this.#letGo();
    this.#hold(true);
    this.#process?.kill(signal);
    return this.#ended;
  }

  /** Ends its main process as nothing can prepare for; its brokers' processes end by themselves. */
  async kill(): Promise<void> {
    await this.stop('SIGKILL');
  }

  #letGo(): void {
    const { agent, ...clients } = this.#clients ?? {};
    for (const client of Object.values(clients)) client.destroy();
    agent?.destroy();
    this.#clients = undefined;
  }

  /** Ends it however it is, and removes everything that it left. */
  async remove(): Promise<void> {
    const children = this.#process && this.isRunning ? this.children : [];
    await this.kill();
    await until('its brokers have ended', () => children.every((pid) => !isRunning(pid)));
    running.delete(this);
    this.folder.remove();
  }
}
