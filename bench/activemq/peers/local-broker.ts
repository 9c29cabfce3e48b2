// Brokers that are installed on this system.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, issueServerCertificate } from '../../../src/crypto/authority.ts';
import { awaitExit, processTree, rssKiB, startProcess } from '../../processes.ts';
import { portOpens } from './peer.ts';

/** A program that runs with its configuration, certificate and data in one folder of the run. */
export class LocalBroker {
  readonly folder: string;
  #process: ChildProcess | undefined;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Creates the folder with an authority and a server certificate for localhost. */
  static async create(folder: string): Promise<LocalBroker> {
    mkdirSync(folder, { recursive: true });
    const hosts = ['localhost', '127.0.0.1'];
    const authority = await createAuthority('bench', hosts, Date.now());
    const server = await issueServerCertificate(authority, 'ecdsa', hosts, Date.now());
    const broker = new LocalBroker(folder);
    broker.write('ca.pem', authority.certificate);
    broker.write('server.pem', server.certificate);
    broker.write('server.key', server.privateKey);
    return broker;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text, { mode: 0o600 });
  }

  get dataFolder(): string {
    return this.path('data');
  }

  /**
   * Starts the program with an empty data folder, and waits until all `ports` accept connections.
   *
   * @throws {Error} if it ends or does not open its ports; the message has its last output
   */
  async start(command: readonly string[], ports: readonly number[]): Promise<void> {
    rmSync(this.dataFolder, { recursive: true, force: true });
    mkdirSync(this.dataFolder);
    const output = openSync(this.path('output'), 'a');
    const [program = '', ...args] = command;
    const child = startProcess(program, args, {
      cwd: this.folder,
      stdio: ['ignore', output, output],
    });
    this.#process = child;
    try {
      for (const port of ports) await portOpens(port, () => child.exitCode !== null);
    } catch (error) {
      const last = readFileSync(this.path('output'), 'utf8').trim().split('\n').slice(-5);
      throw new Error(`${program} does not start: ${last.join(' ')}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    this.#process.kill('SIGTERM');
    await awaitExit(this.#process, 60_000);
    this.#process = undefined;
  }

  pids(): number[] {
    const pid = this.#process?.pid;
    return pid === undefined ? [] : processTree(pid);
  }

  rssKiB(): number {
    return rssKiB(this.pids());
  }
}
