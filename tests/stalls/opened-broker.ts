// Brokers on new volumes, for measurements and beside them.

import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inlineMore } from '../../src/base/process.ts';
import { defaultConfiguration } from '../../src/broker/activemq/configuration.ts';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { HostedBroker } from '../../src/engines/waxwing/hosted-broker.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import { Volume } from '../../src/storage/volume.ts';
import { planeCertificates } from '../support/certificates.ts';
import { quickHash } from '../support/quick-hash.ts';

/** Where a broker listens, and its folder. */
export interface Running {
  readonly type: 'running';
  readonly ports: Readonly<Record<string, number>>;
  readonly authority: string;
  readonly folder: string;
}

/** The listeners and the configuration of a type of broker. */
const kinds = {
  rabbitmq: {
    engineVersion: '3.13',
    protocols: ['amqp091', 'amqp10-rabbitmq', 'stomp-rabbitmq', 'mqtt-rabbitmq'],
    activeMq: undefined,
  },
  activemq: {
    engineVersion: '5.18',
    protocols: ['openwire', 'mqtt', 'stomp', 'amqp10'],
    activeMq: defaultConfiguration,
  },
} as const;

/** A type of broker. */
export type MeteredKind = keyof typeof kinds;

/** A broker with its ports and its folder. */
export interface OpenedBroker {
  readonly broker: HostedBroker;
  readonly running: Running;
}

const common = { ports: [0], tlsPolicy: 'default', hasWebSocket: false } as const;

/** Opens a broker on a new volume. Its user is `guest`. */
export async function openBroker(kind: MeteredKind): Promise<OpenedBroker> {
  const passwordHash = await quickHash('guest');
  const { authority, servers } = await planeCertificates();
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-stalls-'));
  const dataKey = keyFromBytes(randomBytes(32));
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(systemDisk, join(folder, 'volume'), volume, dataKey);
  const { engineVersion, protocols, activeMq } = kinds[kind];
  const start = {
    type: 'start',
    isFips: false,
    name: 'metered',
    engineVersion,
    activeMq,
    folder: join(folder, 'volume'),
    epoch: 1,
    epochMin: 0,
    olderGenerations: [],
    setsUsers: false,
    users: [{ username: 'guest', passwordHash, consoleAccess: true }],
    host: '127.0.0.1',
    listeners: [
      ...protocols.map((protocol) => ({ ...common, name: protocol, protocols: [protocol] })),
      { ...common, name: 'console', protocols: [], isManagement: true },
    ],
    certificates: servers,
    room: { memoryBytesMax: undefined, diskReserveBytes: 0 },
    logsConnections: false,
  } as const;
  const broker = await HostedBroker.open(start, dataKey, {
    failed: (error) => {
      throw error;
    },
    log: (_, text) => console.error(text),
    loginFailed: () => {},
    accessed: () => {},
    resealed: () => {},
    alarmed: () => {},
    inlines: inlineMore,
  });
  return {
    broker,
    running: { type: 'running', ports: broker.ports, authority, folder },
  };
}
