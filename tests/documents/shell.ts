// A shell of a page: its snippets run in a folder in which `waxwing` is a command.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { askEnvironment } from '../../src/server/environment.ts';
import { until } from '../support/processes.ts';
import { type Ended, WaxwingFolder } from '../support/waxwing-folder.ts';
import { repository } from './markdown.ts';

/** Variables of the environment. */
export type Variables = Readonly<Record<string, string>>;

/** The AWS CLI behind it on the path. Versions before 1.29 and 2.13 do not know the variable. */
const awsProgram = `#!/bin/bash
PATH=\${PATH#*:}
exec aws "$@" \${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"}
`;

/** Where snippets run: in `folder.root`, in which `waxwing-data` is the data folder. */
export class Shell {
  readonly folder = new WaxwingFolder('waxwing-data');
  /** Those of all snippets. */
  readonly environment: Variables;
  /** The program, with its arguments, that runs `bash`, on another machine for example. */
  readonly #before: readonly string[];

  /** @param variables of all snippets, besides those of a data folder */
  constructor(variables: Variables = {}, ...before: readonly string[]) {
    const tools = join(this.folder.root, 'tools');
    mkdirSync(tools);
    symlinkSync(join(repository, 'bin', 'waxwing.mjs'), join(tools, 'waxwing'));
    writeFileSync(join(tools, 'aws'), awsProgram, { mode: 0o755 });
    const PATH = `${tools}:${process.env['PATH']}:/usr/sbin`;
    this.environment = this.folder.environment({ PATH, LANG: 'C.UTF-8', ...variables });
    this.#before = before;
  }

  /** Runs a snippet to its end. */
  async run(text: string, env: Variables = {}): Promise<Ended> {
    const child = this.begin(`set -euo pipefail\n${text}`, env);
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
    });
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      stderr += part;
    });
    await once(child, 'close');
    return { code: child.exitCode, signal: child.signalCode, stdout, stderr };
  }

  /** Runs a snippet to its end, which must be a good one. Returns what it prints. */
  async succeed(text: string, env: Variables = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(text, env);
    if (code !== 0) throw new Error(`${text}\nended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Runs a snippet that starts a service, until the service greets. */
  async serve(text: string, env: Variables = {}, timeoutMs = 120_000): Promise<ShellService> {
    const service = new ShellService(this.begin(text, env), this.folder);
    await service.greeted(timeoutMs);
    return service;
  }

  /** Starts a snippet, in a session of its own. */
  begin(text: string, env: Variables = {}): ChildProcess {
    const [program = '', ...args] = [...this.#before, 'bash', '-c', text];
    return spawn(program, args, {
      cwd: this.folder.root,
      env: { ...this.environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
  }
}

/** Sends a signal to all processes of a snippet, as a terminal does. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // They have ended.
  }
}

/** A service that a snippet has started. */
export class ShellService {
  output = '';
  readonly #child: ChildProcess;
  readonly #folder: WaxwingFolder;

  constructor(child: ChildProcess, folder: WaxwingFolder) {
    this.#child = child;
    this.#folder = folder;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    process.once('exit', () => signal(child, 'SIGKILL'));
  }

  async greeted(timeoutMs: number): Promise<void> {
    const isThere = () => {
      if (this.#child.exitCode !== null) throw new Error(`the service ended: ${this.output}`);
      return this.output.includes('list-brokers\n');
    };
    await until('a greeting', isThere, timeoutMs);
  }

  /** What `waxwing env` prints, as variables. */
  environment(): Promise<Variables> {
    return askEnvironment(this.#folder.data);
  }

  /** Ends it as Ctrl-C does, and expects a good end. */
  async stop(): Promise<void> {
    signal(this.#child, 'SIGINT');
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    if (this.#child.exitCode !== 0) throw new Error(`ended badly: ${this.output}`);
  }
}
