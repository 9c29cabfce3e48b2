// The main module of a broker process whose turns are measured.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareForConnections, prepareForMessages } from '../../src/base/process.ts';
import { defaultConfiguration } from '../../src/broker/activemq/configuration.ts';
import { keyFromBytes } from '../../src/crypto/derive.ts';
import { HostedBroker } from '../../src/engines/waxwing/hosted-broker.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import { Volume } from '../../src/storage/volume.ts';
import { planeCertificates } from '../support/certificates.ts';
import { quickHash } from '../support/quick-hash.ts';
import { TurnMeter } from './turns.ts';

// It starts as the service starts one. A test controls it by messages.

/**
 * From the test: begin to measure; end, which is answered; take statistics as a scraper would; replace
 * the broker by a new one.
 */
export type ToMetered = 'begin' | 'end' | 'metrics' | 'renew';

/** To the test. */
export type FromMetered =
  | {
      readonly type: 'running';
      readonly ports: Readonly<Record<string, number>>;
      readonly authority: string;
      readonly folder: string;
    }
  | {
      readonly type: 'measured';
      readonly longestMs: number;
      readonly longestCollectionMs: number;
      readonly residentMib: number;
    }
  | { readonly type: 'scraped'; readonly valueCount: number };

/** The listeners and the configuration of a type of broker, by the first argument of the process. */
const kinds = {
  rabbitmq: {
    engineVersion: '3.13',
    protocols: ['amqp091', 'stomp-rabbitmq', 'mqtt-rabbitmq'],
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

const say = (message: FromMetered) => process.send?.(message);

interface Opened {
  readonly broker: HostedBroker;
  readonly running: Extract<FromMetered, { type: 'running' }>;
}

const common = { ports: [0], tlsPolicy: 'default', hasWebSocket: false } as const;

const passwordHash = await quickHash('guest');
const { authority, servers } = await planeCertificates();

/** Opens a broker on a new volume. */
async function openBroker(): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), 'waxwing-stalls-'));
  const dataKey = keyFromBytes(randomBytes(32));
  const volume = { id: 'vol-1', kind: 'broker', wrappedKey: Buffer.from('wrapped') } as const;
  await Volume.format(systemDisk, join(folder, 'volume'), volume, dataKey);
  const { engineVersion, protocols, activeMq } = kinds[process.argv[2] as MeteredKind];
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
    messagesBegin: prepareForMessages,
  });
  return {
    broker,
    running: { type: 'running', ports: broker.ports, authority, folder },
  };
}

async function main(): Promise<void> {
  prepareForConnections();
  let { broker, running } = await openBroker();
  const renew = async () => {
    await broker.close('the next input gets a new broker');
    rmSync(running.folder, { recursive: true });
    ({ broker, running } = await openBroker());
    say(running);
  };
  const meter = new TurnMeter();
  process.on('message', (message: ToMetered) => {
    if (message === 'begin') meter.begin();
    else if (message === 'end') {
      const longestMs = meter.end();
      const residentMib = Math.round(process.memoryUsage.rss() / 2 ** 20);
      const { longestCollectionMs } = meter;
      say({ type: 'measured', longestMs, longestCollectionMs, residentMib });
    } else if (message === 'renew') void renew();
    else {
      void broker.metrics().then((metrics) => {
        const valueCount = metrics.reduce((sum, { values }) => sum + values.length, 0);
        say({ type: 'scraped', valueCount });
      });
    }
  });
  say(running);
}

if (process.send !== undefined) void main();
