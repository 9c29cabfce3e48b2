// The processes of `waxwing serve`.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { awaitExit, processTree, runProgram, startProcess } from '../processes.ts';
import { projectFolder } from '../project.ts';
import { startTimeoutSeconds } from './peer.ts';

const program = join(projectFolder, 'dist', 'bin', 'waxwing.js');

/** Settings of glibc's allocator with which `npm start`, the image and the unit start the service. */
const allocatorSettings = {
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '1048576',
} as const;

/** Waxwing as users run it: the service and one child process for each broker. */
export class WaxwingService {
  readonly #folder: string;
  readonly #node: string;
  #process: ChildProcess | undefined;

  /** @param folder its own folder, for data, root key and output */
  constructor(folder: string, node: string) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#node = node;
  }

  /** Describes the program and the version of Node.js that runs it. */
  async version(): Promise<string> {
    return `Waxwing on Node ${(await runProgram(this.#node, ['--version'])).trim()}`;
  }

  get dataFolder(): string {
    return join(this.#folder, 'data');
  }

  get outputFile(): string {
    return join(this.#folder, 'output');
  }

  get process(): ChildProcess | undefined {
    return this.#process;
  }

  /** The root key, which is outside the data folder, also belongs to this run. */
  get #environment(): NodeJS.ProcessEnv {
    const root = join(this.#folder, 'configuration');
    return { ...process.env, ...allocatorSettings, XDG_CONFIG_HOME: root };
  }

  /** Deletes the data. The service must have been stopped. */
  reset(): void {
    rmSync(this.dataFolder, { recursive: true, force: true });
  }

  /** Starts the processes. Returns the monotonic time in nanoseconds immediately before. */
  launch(options: readonly string[]): bigint {
    const output = openSync(this.outputFile, 'a');
    const common = ['--data', this.dataFolder, '--host', '127.0.0.1', '--api-port', '0'];
    const launchedAt = process.hrtime.bigint();
    this.#process = startProcess(this.#node, [program, 'serve', ...common, ...options], {
      env: this.#environment,
      cwd: this.#folder,
      stdio: ['ignore', output, output],
    });
    return launchedAt;
  }

  /** Returns the output of `waxwing env` after the whole service has started. */
  async environment(): Promise<Record<string, string>> {
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

  /** The service first, then its brokers. */
  pids(): number[] {
    const pid = this.#process?.pid;
    return pid === undefined ? [] : processTree(pid);
  }
}
