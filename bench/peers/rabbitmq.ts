import type { ChildProcess } from 'node:child_process';
import { mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuthority, issueServerCertificate } from '../../src/crypto/authority.ts';
import type { LoadGenerator, StartReport } from '../load.ts';
import { freePort } from '../ports.ts';
import { awaitExit, processName, processTree, runProgram, startProcess } from '../processes.ts';
import type { PeerName } from '../results.ts';
import { ensureDebianRoot, ensurePackages, packageVersion } from './debian-packages.ts';
import {
  type Endpoint,
  firstConnection,
  type Peer,
  type PeerSettings,
  startTimeoutSeconds,
  type Transport,
} from './peer.ts';

/**
 * Runs as the first process of its own PID and mount namespaces: when it ends, or is killed, the
 * kernel ends all that it started and undoes its mounts. Arguments: Debian root, folder of
 * configuration, data folder, `bind` or `gocryptfs`.
 */
const inNamespace = `set -e
mount -t proc proc "$1/proc"
mount --rbind /dev "$1/dev"
mount --bind "$2" "$1/bench"
case $4 in
  bind) mount --bind "$3" "$1/bench-data" ;;
  gocryptfs) gocryptfs -q -passfile "$2/passphrase" "$3" "$1/bench-data" ;;
esac
exec chroot "$1" /usr/lib/rabbitmq/bin/rabbitmq-server`;

const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];

/** A real RabbitMQ from Debian, in a root of its own, on a plain folder or on gocryptfs. */
export class RabbitMq implements Peer {
  readonly name: PeerName;
  readonly version: string;
  readonly #root: string;
  readonly #folder: string;
  readonly #load: LoadGenerator;
  readonly #ports: { plain: number; tls: number; cluster: number; names: number };
  #process: ChildProcess | undefined;

  private constructor(
    name: PeerName,
    version: string,
    root: string,
    folder: string,
    load: LoadGenerator,
    ports: { plain: number; tls: number; cluster: number; names: number },
  ) {
    this.name = name;
    this.version = version;
    this.#root = root;
    this.#folder = folder;
    this.#load = load;
    this.#ports = ports;
  }

  /** Prepares one of Debian's releases: `bookworm` has 3.10, `trixie` 4.0. */
  static async create(
    name: PeerName,
    codename: string,
    settings: PeerSettings,
    load: LoadGenerator,
  ): Promise<RabbitMq> {
    const root = await ensureDebianRoot(settings.cacheFolder, codename);
    const ports = {
      plain: await freePort(),
      tls: await freePort(),
      cluster: await freePort(),
      names: await freePort(),
    };
    const rabbit = await packageVersion(root, 'rabbitmq-server');
    const erlang = await packageVersion(root, 'erlang-base');
    const version = `RabbitMQ ${rabbit}, Erlang ${erlang}`;
    const folder = join(settings.runFolder, name);
    const peer = new RabbitMq(name, version, root, folder, load, ports);
    await peer.#configure();
    await peer.reset();
    return peer;
  }

  get #isEncrypted(): boolean {
    return this.name.endsWith('gocryptfs');
  }

  get dataFolder(): string {
    return join(this.#folder, 'data');
  }

  async #configure(): Promise<void> {
    if (this.#isEncrypted) await ensurePackages({ gocryptfs: 'gocryptfs' });
    const folder = join(this.#folder, 'configuration');
    mkdirSync(folder, { recursive: true });
    const write = (name: string, text: string) =>
      writeFileSync(join(folder, name), text, { mode: 0o600 });
    const authority = await createAuthority(Date.now());
    const hosts = ['localhost', '127.0.0.1'];
    const server = await issueServerCertificate(authority, 'ecdsa', hosts, Date.now());
    write('ca.pem', authority.certificate);
    write('server.pem', server.certificate);
    write('server.key', server.privateKey);
    write('passphrase', 'a passphrase of the benchmark alone\n');
    write('enabled_plugins', '[].\n');
    write(
      'rabbitmq.conf',
      `listeners.tcp.1 = 127.0.0.1:${this.#ports.plain}
listeners.ssl.1 = 127.0.0.1:${this.#ports.tls}
ssl_options.cacertfile = /bench/ca.pem
ssl_options.certfile = /bench/server.pem
ssl_options.keyfile = /bench/server.key
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
ssl_options.versions.1 = tlsv1.3
ssl_options.ciphers.1 = TLS_AES_256_GCM_SHA384
log.console = false
log.file = rabbit.log
log.file.level = warning
`,
    );
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
    const script = ['sh', '-c', inNamespace, 'sh', this.#root, configuration, this.dataFolder];
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      LANG: 'C.UTF-8',
      HOME: '/bench-data',
      RABBITMQ_NODENAME: `${this.name}@localhost`,
      RABBITMQ_CONFIG_FILE: '/bench/rabbitmq',
      RABBITMQ_ENABLED_PLUGINS_FILE: '/bench/enabled_plugins',
      RABBITMQ_MNESIA_BASE: '/bench-data/mnesia',
      RABBITMQ_LOG_BASE: '/bench-data/log',
      RABBITMQ_DIST_PORT: String(this.#ports.cluster),
      ERL_EPMD_PORT: String(this.#ports.names),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 2:2',
    };
    const launchedAt = process.hrtime.bigint();
    this.#process = startProcess('unshare', [...namespaces, ...script, kind], {
      env,
      stdio: ['ignore', output, output],
    });
    return launchedAt;
  }

  async ready(): Promise<bigint> {
    const args = ['--hello', '--wait', String(startTimeoutSeconds)];
    // The TLS listener opens last.
    const report = this.#load.run<StartReport>(this.endpoint('tls'), [], args);
    return await firstConnection(report, this.#process, join(this.#folder, 'output'));
  }

  async stop(): Promise<void> {
    if (this.#process === undefined) return;
    for (const pid of this.pids())
      if (processName(pid) === 'beam.smp') process.kill(pid, 'SIGTERM');
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
