// `waxwing serve` in a separate process.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const main = join(import.meta.dirname, '../../bin/waxwing.js');

/** `waxwing serve` in a separate process with a new data folder. */
export class Serving {
  /** URL of the default broker, user and password included. */
  readonly url: string;
  /** File with the certificate to trust. */
  readonly caFile: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(
    serving: ChildProcess,
    folder: string,
    variables: Readonly<Record<string, string>>,
  ) {
    this.#process = serving;
    this.#folder = folder;
    this.url = variables['WAXWING_AMQP_URL'] ?? '';
    this.caFile = variables['WAXWING_CA_FILE'] ?? '';
  }

  static async start(): Promise<Serving> {
    const folder = await mkdtemp(join(tmpdir(), 'waxwing-'));
    const data = join(folder, 'data');
    const env = { ...process.env, XDG_CONFIG_HOME: join(folder, 'config') };
    const ports = ['--api-port', '0', '--amqps-port', '0'];
    const serving = spawn(process.execPath, [main, 'serve', '--data', data, ...ports], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(serving.stdout, 'data'); // it greets when it listens
    serving.stdout.resume();
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, [main, 'env', '--data', data], { env });
    const lines = [...stdout.matchAll(/^export (\w+)='(.*)'$/gm)];
    const variables = Object.fromEntries(lines.map(([, name, value]) => [name, value]));
    return new Serving(serving, folder, variables);
  }

  async stop(): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await ended;
    await rm(this.#folder, { recursive: true });
  }
}
