// A machine of a page: names, certificates and servers as the page shows them, and a service that its
// snippets start. It needs the namespaces in which `servers.test.ts` runs it: `/etc` and all ports are its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { dirname, join } from 'node:path';
import { systemClock } from '../../../src/base/clock.ts';
import {
  type Certificate,
  createAuthority,
  issueServerCertificate,
} from '../../../src/crypto/authority.ts';
import { askEnvironment } from '../../../src/server/environment.ts';
import { until } from '../../support/processes.ts';
import { type Ended, WaxwingFolder } from '../../support/waxwing-folder.ts';
import { repository } from '../markdown.ts';

type Variables = Readonly<Record<string, string>>;

/** The page's machine. Its working directory is `folder.root`, the data folder `waxwing-data` in it. */
export class Stage {
  readonly folder = new WaxwingFolder('waxwing-data');
  readonly #environment: Record<string, string>;
  readonly #authority: Certificate;
  readonly #names: readonly string[];

  private constructor(authority: Certificate, names: readonly string[]) {
    this.#authority = authority;
    this.#names = names;
    this.#environment = this.folder.environment({
      PATH: `${this.folder.root}/tools:${process.env['PATH']}:/usr/sbin`,
      LANG: 'C.UTF-8',
    });
  }

  /** @param names names of servers, which all are this machine, and which its authority certifies */
  static async open(...names: string[]): Promise<Stage> {
    const hosts = [...names, '127.0.0.1'];
    const authority = await createAuthority('page', hosts, systemClock.nowMs());
    const stage = new Stage(authority, names);
    stage.write('/etc/hosts', `127.0.0.1 localhost ${names.join(' ')}\n::1 localhost\n`);
    stage.write('stage-ca.pem', authority.certificate);
    stage.write('tools/.keep', '');
    symlinkSync(join(repository, 'bin', 'waxwing.mjs'), join(stage.folder.root, 'tools/waxwing'));
    return stage;
  }

  /** The authority of its servers, PEM. */
  get ca(): string {
    return this.#authority.certificate;
  }

  /** The file with the authority, for programs that know public authorities only. */
  get trusting(): Variables {
    return { NODE_EXTRA_CA_CERTS: join(this.folder.root, 'stage-ca.pem') };
  }

  /** Writes a file, with a path below the working directory or below `/etc`. */
  write(path: string, text: string | Buffer, mode = 0o600): void {
    const file = path.startsWith('/etc/') ? path : join(this.folder.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode: path === '/etc/hosts' ? 0o644 : mode });
  }

  read(path: string): string {
    return readFileSync(join(this.folder.root, path), 'utf8');
  }

  /** A certificate for all names. */
  certificate(): Promise<Certificate> {
    return issueServerCertificate(this.#authority, 'ecdsa', this.#names, systemClock.nowMs());
  }

  /** A server for all names. */
  async listen(port: number, answer: RequestListener): Promise<void> {
    const { certificate: cert, privateKey: key } = await this.certificate();
    const server = createServer({ cert, key }, answer).listen(port, '127.0.0.1');
    server.unref();
    await once(server, 'listening');
  }

  /** Runs a snippet to its end. */
  async run(text: string, env: Variables = {}): Promise<Ended> {
    const child = this.#begin(`set -euo pipefail\n${text}`, env);
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
  async serve(text: string, env: Variables = {}): Promise<Service> {
    const service = new Service(this.#begin(text, env), this.folder);
    await service.greeted();
    return service;
  }

  #begin(text: string, env: Variables): ChildProcess {
    return spawn('bash', ['-c', text], {
      cwd: this.folder.root,
      env: { ...this.#environment, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
  }
}

/** A service that a snippet has started. */
class Service {
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
  }

  async greeted(): Promise<void> {
    await until('a greeting', () => {
      if (this.#child.exitCode !== null) throw new Error(`the service ended: ${this.output}`);
      return this.output.includes('list-brokers\n');
    });
  }

  /** What `waxwing env` prints, as variables. */
  environment(): Promise<Variables> {
    return askEnvironment(this.#folder.data);
  }

  /** Ends it as Ctrl-C does, and expects a good end. */
  async stop(): Promise<void> {
    this.#child.kill('SIGINT'); // a shell with one command becomes it
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
    if (this.#child.exitCode !== 0) throw new Error(`ended badly: ${this.output}`);
  }
}
