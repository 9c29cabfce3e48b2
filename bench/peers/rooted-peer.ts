// Brokers in Debian roots.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, issueServerCertificate } from '../../src/crypto/authority.ts';
import type { LoadGenerator, StartReport } from '../load.ts';
import { freePort } from '../ports.ts';
import { awaitExit, processName, processTree, runProgram, startProcess } from '../processes.ts';
import type { PeerName } from '../results.ts';
import { ensurePackages } from './debian-packages.ts';
import {
  type Endpoint,
  firstConnection,
  type Peer,
  type PeerSettings,
  startTimeoutSeconds,
  type Transport,
} from './peer.ts';

/**
 * A script that runs as the first process of its own PID and mount namespaces. When it ends or is
 * killed, the kernel kills all of its processes and removes its mounts. Arguments: Debian root,
 * configuration folder, data folder, `bind` or `gocryptfs`, and the command of the broker.
 */
const inNamespace = `set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/bench"
case $4 in
  bind) mount --bind "$3" "$1/bench-data" ;;
  gocryptfs) gocryptfs -q -passfile "$2/passphrase" "$3" "$1/bench-data" ;;
esac
root=$1
shift 4
exec chroot "$root" "$@"`;

const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];

/** The ports of a broker in a Debian root. */
export interface RootPorts {
  readonly plain: number;
  readonly tls: number;
  readonly others: readonly [number, number];
}

/**
 * The properties of a broker program that runs in a Debian root, with its data in `/bench-data`.
 */
export interface RootProgram {
  readonly version: string;
  /** The Debian root. */
  readonly root: string;
  /** The name of the process that stops cleanly at SIGTERM. */
  readonly processName: string;
  /**
   * Configuration files, which are put into `/bench` of the root together with ca.pem, server.pem
   * and server.key.
   */
  files(ports: RootPorts): Readonly<Record<string, string>>;
  command(ports: RootPorts): readonly string[];
  environment(ports: RootPorts): Readonly<Record<string, string>>;
}

/** A broker in its own Debian root, on a plain folder or on gocryptfs. */
export class RootedPeer implements Peer {
  readonly name: PeerName;
  readonly #program: RootProgram;
  readonly #folder: string;
  readonly #load: LoadGenerator;
  readonly #ports: RootPorts;
  #process: ChildProcess | undefined;

  private constructor(
    name: PeerName,
    program: RootProgram,
    folder: string,
    load: LoadGenerator,
    ports: RootPorts,
  ) {
    this.name = name;
    this.#program = program;
    this.#folder = folder;
    this.#load = load;
    this.#ports = ports;
  }

  /** Creates its configuration and an empty data folder. */
  static async create(
    name: PeerName,
    program: RootProgram,
    settings: PeerSettings,
    load: LoadGenerator,
  ): Promise<RootedPeer> {
    const ports = {
      plain: await freePort(),
      tls: await freePort(),
      others: [await freePort(), await freePort()],
    } as const;
    const peer = new RootedPeer(name, program, join(settings.runFolder, name), load, ports);
    await peer.#configure();
    await peer.reset();
    return peer;
  }

  get version(): string {
    return this.#program.version;
  }

  get #isEncrypted(): boolean {
    return this.name.endsWith('gocryptfs');
  }

  get dataFolder(): string {
    return join(this.#folder, 'data');
  }

  async #configure(): Promise<void> {
    if (this.#isEncrypted) {
      // The package of gocryptfs only suggests fuse, which mounting requires.
      await ensurePackages({ gocryptfs: 'gocryptfs', fusermount: 'fuse' });
    }
    const folder = join(this.#folder, 'configuration');
    mkdirSync(folder, { recursive: true });
    const hosts = ['localhost', '127.0.0.1'];
    const authority = await createAuthority('bench', hosts, Date.now());
    const server = await issueServerCertificate(authority, 'ecdsa', hosts, Date.now());
    const files = {
      'ca.pem': authority.certificate,
      'server.pem': server.certificate,
      'server.key': server.privateKey,
      passphrase: 'a passphrase of the benchmark alone\n',
      ...this.#program.files(this.#ports),
    };
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(folder, name), text, { mode: 0o600 });
  }

  async reset(): Promise<void> {
    rmSync(this.dataFolder, { recursive: true, force: true });
    mkdirSync(this.dataFolder, { recursive: true });
    if (!this.#isEncrypted) return;
    const passphrase = join(this.#folder, 'configuration', 'passphrase');
    await runProgram('gocryptfs', ['-init', '-q', '-passfile', passphrase, this.dataFolder]);
  }

  launch(): bigint {
    const configuration = join(this.#folder, 'configuration');
    const output = openSync(join(this.#folder, 'output'), 'a');
    const kind = this.#isEncrypted ? 'gocryptfs' : 'bind';
    const { root } = this.#program;
    const script = ['sh', '-c', inNamespace, 'sh', root, configuration, this.dataFolder, kind];
    const command = this.#program.command(this.#ports);
    const common = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/bench-data' };
    const launchedAt = process.hrtime.bigint();
    this.#process = startProcess('unshare', [...namespaces, ...script, ...command], {
      env: { ...common, ...this.#program.environment(this.#ports) },
      stdio: ['ignore', output, output],
    });
    return launchedAt;
  }

  async ready(): Promise<bigint> {
    const args = ['--hello', '--wait', String(startTimeoutSeconds)];
    // The TLS listener is opened last.
    const report = this.#load.run<StartReport>(this.endpoint('tls'), [], args);
    return await firstConnection(report, this.#process, join(this.#folder, 'output'));
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    for (const pid of this.pids())
      if (processName(pid) === this.#program.processName) process.kill(pid, 'SIGTERM');
    await awaitExit(this.#process, 60_000);
    this.#process = undefined;
  }

  endpoint(transport: Transport): Endpoint {
    const guest = { host: '127.0.0.1', user: 'guest', password: 'guest' };
    if (transport === 'plain') return { ...guest, port: this.#ports.plain };
    const caFile = join(this.#folder, 'configuration', 'ca.pem');
    return { ...guest, port: this.#ports.tls, tls: { caFile } };
  }

  pids(): number[] {
    const pid = this.#process?.pid;
    return pid === undefined ? [] : processTree(pid);
  }
}
