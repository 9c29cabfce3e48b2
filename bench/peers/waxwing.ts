// Waxwing as a measured broker.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoadGenerator, StartReport } from '../load.ts';
import { freePort } from '../ports.ts';
import { awaitExit, processTree, runProgram, startProcess } from '../processes.ts';
import { projectFolder } from '../project.ts';
import {
  type Endpoint,
  firstConnection,
  type Peer,
  type PeerSettings,
  startTimeoutSeconds,
} from './peer.ts';

const program = join(projectFolder, 'dist', 'bin', 'waxwing.js');

/** Waxwing as users run it: the service and one child process for the broker `default`. */
export class Waxwing implements Peer {
  readonly name = 'waxwing';
  readonly version: string;
  readonly #folder: string;
  readonly #node: string;
  readonly #load: LoadGenerator;
  readonly #port: number;
  #endpoint: Endpoint | undefined;
  #process: ChildProcess | undefined;

  private constructor(
    version: string,
    folder: string,
    node: string,
    load: LoadGenerator,
    port: number,
  ) {
    this.version = version;
    this.#folder = folder;
    this.#node = node;
    this.#load = load;
    this.#port = port;
  }

  static async create(settings: PeerSettings, load: LoadGenerator): Promise<Waxwing> {
    const folder = join(settings.runFolder, 'waxwing');
    mkdirSync(folder, { recursive: true });
    const version = (await runProgram(settings.node, ['--version'])).trim();
    const port = await freePort();
    return new Waxwing(`Waxwing on Node ${version}`, folder, settings.node, load, port);
  }

  get dataFolder(): string {
    return join(this.#folder, 'data');
  }

  /** The root key, which is outside the data folder, also belongs to this run. */
  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_CONFIG_HOME: join(this.#folder, 'configuration') };
  }

  async reset(): Promise<void> {
    rmSync(this.dataFolder, { recursive: true, force: true });
    this.#endpoint = undefined;
  }

  launch(): bigint {
    const output = openSync(join(this.#folder, 'output'), 'a');
    const ports = ['--api-port', '0', '--amqps-port', String(this.#port)];
    const args = [program, 'serve', '--data', this.dataFolder, '--host', '127.0.0.1', ...ports];
    const launchedAt = process.hrtime.bigint();
    this.#process = startProcess(this.#node, args, {
      env: this.#environment,
      cwd: this.#folder,
      stdio: ['ignore', output, output],
    });
    return launchedAt;
  }

  async ready(): Promise<bigint> {
    const noEndpoint = { host: '127.0.0.1', port: this.#port, user: '', password: '', tls: {} };
    const args = ['--hello', '--wait', String(startTimeoutSeconds)];
    const report = this.#load.run<StartReport>(this.#endpoint ?? noEndpoint, [], args);
    const at = await firstConnection(report, this.#process, join(this.#folder, 'output'));
    this.#endpoint ??= await this.#askEndpoint();
    return at;
  }

  async #askEndpoint(): Promise<Endpoint> {
    const environment = await this.serviceEnvironment();
    const url = new URL(environment['WAXWING_AMQP_URL'] ?? '');
    return {
      host: '127.0.0.1',
      port: Number(url.port),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      tls: { caFile: environment['WAXWING_CA_FILE'] ?? '' },
    };
  }

  /** Returns the output of `waxwing env` after the whole service has started. */
  async serviceEnvironment(): Promise<Record<string, string>> {
    const deadline = performance.now() + startTimeoutSeconds * 1000;
    for (;;) {
      try {
        const args = [program, 'env', '--data', this.dataFolder];
        const text = await runProgram(this.#node, args, this.#environment);
        const lines = text.matchAll(/^export (\w+)='(.*)'$/gm);
        return Object.fromEntries([...lines].map(([, name, value]) => [name, value]));
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await pause(100);
      }
    }
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.kill('SIGTERM');
    await awaitExit(this.#process, 60_000);
    this.#process = undefined;
  }

  endpoint(): Endpoint {
    if (this.#endpoint === undefined) throw new Error('Waxwing has not been started');
    return this.#endpoint;
  }

  pids(): number[] {
    const pid = this.#process?.pid;
    return pid === undefined ? [] : processTree(pid);
  }
}
