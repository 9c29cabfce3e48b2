// A broker in this process with its ports for AMQP and management, and requests to the latter.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRabbitMqSettings } from '../../src/control/configurations/rabbitmq/cuttlefish.ts';
import type { RabbitMqSettings } from '../../src/control/configurations/rabbitmq/settings.ts';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { hashPassword } from '../../src/crypto/password.ts';
import { HostedBroker } from '../../src/engines/waxwing/hosted-broker.ts';
import type { InstanceSettings } from '../../src/engines/waxwing/rabbitmq/instance-settings.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import { Volume } from '../../src/storage/volume.ts';
import { AmqpClient } from '../support/amqp-client.ts';
import { planeCertificates } from '../support/certificates.ts';

/** An answer of the management API. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

const hashes = new Map<string, Promise<string>>();

/** The hash of a password as brokers make and import it: a slow one, which is made once. */
function hashOf(password: string): Promise<string> {
  const hash = hashes.get(password) ?? hashPassword(password);
  hashes.set(password, hash);
  return hash;
}

const freely = 'management.restrictions.operator_policy_changes.disabled = false';

/** What a test changes of a request. */
export interface CallOptions {
  /** `name:password`; undefined for no credentials. */
  readonly user?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The administrator of every broker. */
export const administrator = 'admin:the password of admin';

/** A broker with its management API. */
export class ManagementHost {
  readonly broker: HostedBroker;
  /** PEM, for clients to trust. */
  readonly authority: string;
  readonly #folder: string;
  readonly #agent: Agent;
  /** What the broker logged. */
  readonly lines: string[];

  private constructor(broker: HostedBroker, authority: string, folder: string, lines: string[]) {
    this.broker = broker;
    this.authority = authority;
    this.#folder = folder;
    this.lines = lines;
    this.#agent = new Agent({ keepAlive: true, ca: [authority], maxSockets: 4 });
  }

  /**
   * @param rabbitMq by default a configuration that permits changes of operator policies
   * @param instance what an instance type adds; nothing by default
   */
  static async open(
    engineVersion = '3.13',
    rabbitMq: RabbitMqSettings = readRabbitMqSettings(freely, 3),
    instance?: InstanceSettings,
  ): Promise<ManagementHost> {
    const folder = mkdtempSync(join(tmpdir(), 'waxwing-management-'));
    const dataKey = keyFromBytes(randomBytes(32));
    const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
    await Volume.format(systemDisk, join(folder, 'volume'), volume, dataKey);
    const { authority, servers } = await planeCertificates();
    const [username = '', password = ''] = administrator.split(':');
    const common = { ports: [0], tlsPolicy: 'default', hasWebSocket: false } as const;
    const lines: string[] = [];
    const start = {
      type: 'start',
      isFips: false,
      name: 'managed',
      engineVersion,
      rabbitMq,
      instance,
      folder: join(folder, 'volume'),
      epoch: 1,
      epochMin: 0,
      olderGenerations: [],
      setsUsers: false,
      users: [{ username, passwordHash: await hashOf(password) }],
      host: '127.0.0.1',
      listeners: [
        { ...common, name: 'amqps', protocols: ['amqp091', 'amqp10-rabbitmq'] },
        { ...common, name: 'management', protocols: [], isManagement: true },
      ],
      certificates: servers,
      room: { memoryBytesMax: undefined, diskReserveBytes: 1024 },
      logsConnections: false,
      shovelAuthorities: authority,
    } as const;
    const broker = await HostedBroker.open(start, dataKey, {
      failed: (error) => {
        throw error;
      },
      log: (_, text) => lines.push(text),
      loginFailed: () => {},
      accessed: () => {},
      resealed: () => {},
      alarmed: () => {},
    });
    return new ManagementHost(broker, authority, folder, lines);
  }

  get managementPort(): number {
    return this.broker.ports['management'] ?? 0;
  }

  /** The URL of the broker for AMQP, with credentials. */
  amqpUrl(user = administrator): string {
    const [name = '', password = ''] = user.split(':').map(encodeURIComponent);
    return `amqps://${name}:${password}@127.0.0.1:${this.broker.ports['amqps']}`;
  }

  /** Connects over AMQP. */
  connect(user = administrator): Promise<AmqpClient> {
    return AmqpClient.connect(this.amqpUrl(user), this.authority);
  }

  /** Sends a request. A body that is not a text is sent as JSON. */
  call(
    method: string,
    path: string,
    body?: unknown,
    { user = administrator, headers = {} }: CallOptions = {},
  ): Promise<Reply> {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
    return this.send(method, path, text, {
      ...(user !== '' && { Authorization: `Basic ${Buffer.from(user).toString('base64')}` }),
      ...(text !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    });
  }

  /** Sends a request with exactly these headers. */
  send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(
        {
          host: '127.0.0.1',
          port: this.managementPort,
          method,
          path,
          agent: this.#agent,
          headers: {
            ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
            ...headers,
          },
        },
        (response) => {
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
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  /**
   * Begins a request whose body follows later.
   *
   * @returns whether the server wants the body, and a function that sends it and returns the status
   */
  begin(method: string, path: string, sizeBytes: number, user: string) {
    const headers = {
      Authorization: `Basic ${Buffer.from(user).toString('base64')}`,
      'Content-Length': String(sizeBytes),
      Expect: '100-continue',
    };
    const to = { host: '127.0.0.1', port: this.managementPort, agent: this.#agent };
    const sent = httpsRequest({ ...to, method, path, headers });
    const status = new Promise<number>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
    });
    const admitted = new Promise<void>((resolve) => sent.on('continue', resolve));
    sent.flushHeaders();
    const finish = (text: string) => {
      sent.end(text);
      return status;
    };
    return { admitted, finish };
  }

  /** Sends a request that must succeed, and returns the JSON of its answer. */
  async json<Value = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    options: CallOptions = {},
  ): Promise<Value> {
    const { status, text } = await this.call(method, path, body, options);
    if (status > 299) throw new Error(`${method} ${path}: ${status} ${text}`);
    return (text === '' ? {} : JSON.parse(text)) as Value; // the caller knows the resource
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    await this.broker.close('the test is over');
    rmSync(this.#folder, { recursive: true });
  }
}
