// An ActiveMQ broker in this process.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActiveMqConfiguration } from '../../src/broker/activemq/configuration.ts';
import { brokerNamespace } from '../../src/control/configurations/activemq/xml-tree.ts';
import type { ReportedAccess } from '../../src/control/engine.ts';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { readConfiguration } from '../../src/engines/waxwing/configuration/read-configuration.ts';
import { HostedBroker } from '../../src/engines/waxwing/hosted-broker.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import { Volume } from '../../src/storage/volume.ts';
import { planeCertificates } from './certificates.ts';
import { quickHash } from './quick-hash.ts';

/** A user of such a broker. Its password is `a long password`. */
export interface HostUser {
  readonly username: string;
  readonly groups?: readonly string[];
  readonly consoleAccess?: boolean;
}

/** Further parts of such a broker. */
export interface HostParts {
  /** Attributes of the root element of its configuration. */
  readonly attributes?: string;
  /** Replaces the limits of its storage, bytes. */
  readonly storage?: { readonly storeBytesMax: number; readonly tempBytesMax: number };
}

/** A broker of ActiveMQ's type in this process, over a volume on the disk, behind TLS ports. */
export class ActiveMqHost {
  /** What was written to its log. */
  readonly lines: string[] = [];
  /** What was written to its audit log. */
  readonly auditLines: string[] = [];
  /** Reported log-ins and refused actions. */
  readonly accesses: ReportedAccess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'waxwing-activemq-'));
  readonly #dataKey = randomBytes(32);
  #epoch = 0;
  #broker: HostedBroker | undefined = undefined;
  #authority = '';

  readonly #configuration: ActiveMqConfiguration | undefined;
  readonly #users: readonly HostUser[];

  private constructor(
    configuration: ActiveMqConfiguration | undefined,
    users: readonly HostUser[],
  ) {
    this.#configuration = configuration;
    this.#users = users;
  }

  /**
   * A new broker with the user `bob`, whose password is `a long password`.
   *
   * @param inside the elements of its configuration; undefined for none, and no console
   * @param users other users instead of `bob`
   */
  static async start(
    inside?: string,
    users: readonly HostUser[] = [{ username: 'bob' }],
    { attributes = '', storage }: HostParts = {},
  ): Promise<ActiveMqHost> {
    const text = `<broker xmlns="${brokerNamespace}" ${attributes}>${inside}</broker>`;
    const withGroups = users
      .filter(({ groups }) => groups !== undefined)
      .map((user) => ({ ...user, passwordHash: '' }));
    const spec = { configuration: { id: 'c-1', revision: 1, text }, users: withGroups };
    const read = inside === undefined ? undefined : readConfiguration(spec).configuration;
    const configuration =
      read === undefined || storage === undefined
        ? read
        : { ...read, system: { ...read.system, ...storage } };
    const host = new ActiveMqHost(configuration, users);
    const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
    const key = keyFromBytes(Buffer.from(host.#dataKey));
    await Volume.format(systemDisk, join(host.#folder, 'volume'), volume, key);
    await host.#open();
    return host;
  }

  async #open(): Promise<void> {
    const { authority, servers } = await planeCertificates();
    this.#authority = authority;
    writeFileSync(this.caFile, authority);
    const common = { ports: [0], tlsPolicy: 'default' } as const;
    const passwordHash = await quickHash('a long password');
    this.#broker = await HostedBroker.open(
      {
        type: 'start',
        isFips: false,
        name: 'b1',
        engineVersion: '5.18',
        folder: join(this.#folder, 'volume'),
        epoch: ++this.#epoch,
        epochMin: this.#epoch - 1,
        olderGenerations: [],
        users: this.#users.map((user) => ({ ...user, passwordHash })),
        setsUsers: true,
        activeMq: this.#configuration,
        host: '127.0.0.1',
        listeners: [
          { ...common, name: 'openwire+ssl', protocols: ['openwire'], hasWebSocket: false },
          { ...common, name: 'amqp+ssl', protocols: ['amqp10'], hasWebSocket: false },
          { ...common, name: 'stomp+ssl', protocols: ['stomp'], hasWebSocket: false },
          { ...common, name: 'mqtt+ssl', protocols: ['mqtt'], hasWebSocket: false },
          { ...common, name: 'wss', protocols: ['stomp', 'mqtt'], hasWebSocket: true },
          ...(this.#configuration === undefined ? [] : [{ ...common, ...consoleListener }]),
        ],
        certificates: servers,
        room: { memoryBytesMax: undefined, diskReserveBytes: 0 },
        logsConnections: false,
      },
      keyFromBytes(Buffer.from(this.#dataKey)),
      {
        failed: (error) => {
          throw error;
        },
        log: (_, text, category) =>
          (category === 'audit' ? this.auditLines : this.lines).push(text),
        loginFailed: () => {},
        accessed: (access) => this.accesses.push(access),
        resealed: () => {},
        alarmed: () => {},
      },
    );
  }

  /** PEM, for clients to trust. */
  get authority(): string {
    return this.#authority;
  }

  /** A file with it. */
  get caFile(): string {
    return join(this.#folder, 'ca.pem');
  }

  portOf(
    listener: 'openwire+ssl' | 'amqp+ssl' | 'stomp+ssl' | 'mqtt+ssl' | 'wss' | 'console',
  ): number {
    return this.#broker?.ports[listener] ?? 0;
  }

  /** Ends the broker in order and starts it again. */
  async restart(): Promise<void> {
    await this.#broker?.close('a restart');
    await this.#open();
  }

  async close(): Promise<void> {
    await this.#broker?.close('the end of the test');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const consoleListener = {
  name: 'console',
  protocols: [],
  hasWebSocket: false,
  isManagement: true,
} as const;
