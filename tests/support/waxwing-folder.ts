// A data folder of a test, and commands in it.

import { type ChildProcess, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileSource } from '../../src/server/root-key/source.ts';
import { rootKeyFile } from '../../src/server/root-key/sources/key-file.ts';
import { isSessionOver, until } from './processes.ts';

/** The program as it is shipped. */
export const main = fileURLToPath(new URL('../../bin/waxwing.js', import.meta.url));

/** How a command ended and what it said. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Folders that are removed when the tests end. */
const left = new Set<string>();
process.once('exit', () => {
  for (const root of left) rmSync(root, { recursive: true, force: true });
});

/** A temporary folder for one service: a data folder and a home, removed at the end. */
export class WaxwingFolder {
  readonly root: string;
  readonly data: string;

  /**
   * @param name what the data folder is called
   * @param parent where the place is
   */
  constructor(name = 'data', parent = tmpdir()) {
    this.root = mkdtempSync(join(parent, 'waxwing-'));
    this.data = join(this.root, name);
    left.add(this.root);
  }

  /** The folder of root keys. */
  get keys(): string {
    return join(this.root, 'config', 'waxwing');
  }

  /** The source of the root key, as commands find it. */
  get rootKey(): FileSource {
    return { kind: 'file', configFolder: this.keys };
  }

  /** The environment of commands, without additions of a test. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const config = join(this.root, 'config');
    return { PATH: process.env['PATH'] ?? '', HOME: this.root, XDG_CONFIG_HOME: config, ...more };
  }

  /** The path of the data folder's key file. Only a folder without a passphrase has one. */
  get keyFile(): string {
    return rootKeyFile(this.rootKey, realpathSync(this.data));
  }

  /** Copies the folders, and renames the root key for the new path. */
  copy(): WaxwingFolder {
    const made = new WaxwingFolder();
    const filter = (path: string) => !lstatSync(path).isSocket();
    cpSync(this.root, made.root, { recursive: true, filter });
    const copied = join(made.keys, basename(this.keyFile));
    if (existsSync(copied)) renameSync(copied, made.keyFile);
    return made;
  }

  /** Runs `waxwing` to its end, which every process that it started must share. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = spawn(process.execPath, [main, ...args], {
      cwd: this.root,
      env: this.environment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a new session
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
    const ended = await new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
    await until('no process is left', () => isSessionOver(child.pid ?? 0));
    return ended;
  }

  /** Starts `waxwing`, whose output is not read. */
  spawn(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn(process.execPath, [main, ...args], {
      cwd: this.root,
      env: this.environment(env),
      stdio: 'ignore',
    });
  }

  /** Runs a `waxwing serve` that must end with an error. */
  serve(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.run(['serve', '--data', this.data, ...freePorts, ...args], env);
  }

  check(env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    return this.run(['check', this.data], env);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
    left.delete(this.root);
  }
}

/** Options by which several services run on one machine. */
export const freePorts = ['--api-port', '0', '--amqps-port', '0'] as const;
