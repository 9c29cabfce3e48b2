// A RabbitMQ of Debian with its management plugin, for comparison.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AmqpClient } from '../support/amqp-client.ts';
import type { CallOptions, Reply } from './management-host.ts';
import type { Asked } from './scenario.ts';

/** The start script of the package. The one on the search path changes users and folders. */
export const serverScript = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** Why the comparison cannot run here; undefined if it can. */
export const missing: string | undefined = existsSync(serverScript)
  ? undefined
  : 'the Debian package rabbitmq-server is missing';

const isRoot = process.getuid?.() === 0;
/** Milliseconds for the start. */
const startMs = 300_000;
/** Milliseconds without an answer after which a request has failed. */
const silentMs = 30_000;
/** The user id of `nobody`, as which the server runs if this process runs as root. */
const nobody = 65_534;

/** A running RabbitMQ, without TLS and on this machine only. */
export class RealRabbitMq implements Asked {
  #child: ChildProcess;
  readonly #folder: string;
  readonly #ports: readonly number[];

  private constructor(folder: string, ports: readonly number[]) {
    this.#folder = folder;
    this.#ports = ports;
    this.#child = this.#spawn();
  }

  /** The port for AMQP. */
  get amqpPort(): number {
    return this.#ports[0] ?? 0;
  }

  get managementPort(): number {
    return this.#ports[1] ?? 0;
  }

  /**
   * @param plugins besides the one for management
   * @param configuration further lines of its configuration; receives its folder
   */
  static async start(
    plugins: readonly string[] = [],
    configuration: (folder: string) => string = () => '',
  ): Promise<RealRabbitMq> {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-rabbitmq-'));
    const ports = await freePorts(4);
    const [amqp, management] = ports;
    for (const name of ['mnesia', 'log', 'plugins']) mkdirSync(join(folder, name));
    writeFileSync(
      join(folder, 'rabbitmq.conf'),
      `listeners.tcp.1 = 127.0.0.1:${amqp}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = ${management}\n${configuration(folder)}`,
    );
    const enabled = ['rabbitmq_management', ...plugins].join(',');
    writeFileSync(join(folder, 'enabled_plugins'), `[${enabled}].\n`);
    if (isRoot) execFileSync('chown', ['-R', `${nobody}:${nobody}`, folder]);
    const started = new RealRabbitMq(folder, ports);
    try {
      await started.#untilReady();
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  #spawn(): ChildProcess {
    const folder = this.#folder;
    const [, , cluster, names] = this.#ports;
    return spawn(serverScript, [], {
      cwd: folder,
      stdio: 'ignore',
      ...(isRoot && { uid: nobody, gid: nobody }),
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        LANG: 'C.UTF-8',
        ERL_EPMD_PORT: String(names),
        RABBITMQ_CONF_ENV_FILE: '/dev/null',
        RABBITMQ_NODENAME: 'waxwing@localhost',
        RABBITMQ_DIST_PORT: String(cluster),
        RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
        RABBITMQ_PLUGINS_EXPAND_DIR: join(folder, 'plugins'),
        RABBITMQ_PID_FILE: join(folder, 'pid'),
      },
    });
  }

  /** Kills the server as a crash would. */
  async #kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.on('exit', resolve));
    const file = join(this.#folder, 'pid');
    // There is none before the server has begun to start.
    if (existsSync(file)) process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    else this.#child.kill('SIGKILL');
    await ended;
  }

  /** Kills the server and starts it again on the same folder. */
  async crash(): Promise<void> {
    await this.#kill();
    this.#child = this.#spawn();
    await this.#untilReady();
  }

  async #untilReady(): Promise<void> {
    const untilMs = Date.now() + startMs;
    for (;;) {
      const reply = await this.call('GET', '/api/overview').catch(() => undefined);
      if (reply?.status === 200 && (await this.#takesClients())) return;
      if (Date.now() > untilMs) throw new Error('RabbitMQ has not started in time');
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }

  /** The port for AMQP is opened after that for management. */
  #takesClients(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: this.amqpPort });
      socket.once('error', () => resolve(false));
      socket.once('connect', () => {
        socket.destroy();
        resolve(true);
      });
    });
  }

  call(
    method: string,
    path: string,
    body?: unknown,
    { user = 'guest:guest' }: CallOptions = {},
  ): Promise<Reply> {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    const headers = {
      Authorization: `Basic ${Buffer.from(user).toString('base64')}`,
      ...(text !== undefined && {
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(text)),
      }),
    };
    const options = { host: '127.0.0.1', port: this.#ports[1], method, path, headers };
    return new Promise((resolve, reject) => {
      const sent = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      });
      sent.on('error', reject);
      // A RabbitMQ that is starting may take a request and never answer it.
      sent.setTimeout(silentMs, () => sent.destroy(new Error(`no answer to ${method} ${path}`)));
      sent.end(text);
    });
  }

  /** The URL for AMQP without credentials. */
  get url(): string {
    return `amqp://127.0.0.1:${this.#ports[0]}`;
  }

  connect(): Promise<AmqpClient> {
    return AmqpClient.connect(`amqp://guest:guest@127.0.0.1:${this.#ports[0]}`, '');
  }

  async stop(): Promise<void> {
    await this.#kill(); // nothing of it is needed any more
    const env = { ...process.env, ERL_EPMD_PORT: String(this.#ports[3]) };
    execFileSync('epmd', ['-kill'], { env, stdio: 'ignore' });
    rmSync(this.#folder, { recursive: true });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
