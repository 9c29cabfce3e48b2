import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The program as it is shipped. */
export const program = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** How a command ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A place of its own for one service: a data folder and a home, removed at the end. */
export class WaxwingFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'waxwing-'));
  readonly #remove = () => rmSync(this.root, { recursive: true, force: true });

  constructor() {
    process.once('exit', this.#remove);
  }

  get data(): string {
    return join(this.root, 'data');
  }

  /** Where root keys lie. */
  get keys(): string {
    return join(this.root, 'config', 'waxwing');
  }

  /** All that a command of this place finds in its environment, but for what a test adds. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const config = join(this.root, 'config');
    return { PATH: process.env['PATH'] ?? '', HOME: this.root, XDG_CONFIG_HOME: config, ...more };
  }

  /** Runs `waxwing` to its end. */
  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, ...args], {
        cwd: this.root,
        env: this.environment(env),
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 60_000,
        killSignal: 'SIGKILL',
      });
      let stdout = '';
      let stderr = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        stderr += text;
      });
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  }

  /** Runs `waxwing serve` where it is to end by itself. */
  serve(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.run(['serve', '--data', this.data, ...freePorts, ...args], env);
  }

  check(env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.run(['check', this.data], env);
  }

  remove(): void {
    process.off('exit', this.#remove);
    this.#remove();
  }
}

/** Options by which several services run on one machine. */
export const freePorts = ['--api-port', '0', '--amqps-port', '0'] as const;
