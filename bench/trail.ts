// Measures lookups in archives of audit events: `npm run bench:trail -- [millions of events]`.

import { createSecretKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveBuilder } from '../src/audit/archive/archive-file.ts';
import { ArchiveJournal } from '../src/audit/archive/archive-journal.ts';
import { archiveSizes } from '../src/audit/archive/archiver.ts';
import { Archives, archiveName } from '../src/audit/archive/archives.ts';
import { type LookupKey, lookupKeys, valuesOf } from '../src/audit/archive/attributes.ts';
import { EventHistory } from '../src/audit/history.ts';
import { type Lookup, lookUp } from '../src/audit/lookup.ts';
import { type EventRecord, eventRecord } from '../src/audit/record.ts';
import { lineHash, parseLine, Trail } from '../src/audit/trail.ts';
import { systemRandom } from '../src/base/random.ts';
import { systemDisk } from '../src/storage/disk.ts';
import { sealFile } from '../src/storage/sealed-files/sealed-file.ts';
import { SeededRandom } from '../tests/support/seeded-random.ts';

const day = 24 * 3600 * 1000;
const keptMs = 80 * day;
const samplesPerCase = 20;
const accountId = '111122223333';
const random = new SeededRandom(1);
const names = ['Decrypt', 'GenerateDataKey', 'DescribeKey', 'ListKeys', 'DescribeBroker'];
const writes = ['CreateGrant', 'CreateBroker', 'RebootBroker'];

/** An event like those of a busy installation: 200 keys, 50 users. */
function newEvent(atMs: number): EventRecord {
  const isWrite = random.oneIn(50);
  const user = `user-${random.below(50)}`;
  const key = `arn:aws:kms:us-east-1:${accountId}:key/${1000 + random.below(200)}`;
  return eventRecord({
    caller: {
      type: 'user',
      accountId,
      arn: `arn:aws:iam::${accountId}:user/${user}`,
      principalId: `AIDA${user}`,
      userName: user,
      accessKeyId: `AKIA${user}`,
    },
    invokedBy: undefined,
    requestId: systemRandom.uuid(),
    eventId: systemRandom.uuid(),
    region: 'us-east-1',
    accountId,
    sourceIp: `10.0.${random.below(8)}.${random.below(250)}`,
    userAgent: 'aws-sdk-js/3.1137.0 ua/2.1 os/linux lang/js md/nodejs#20.19.0 api/kms',
    atMs,
    eventSource: random.oneIn(5) ? 'amazonmq.amazonaws.com' : 'kms.amazonaws.com',
    eventName: random.pick(isWrite ? writes : names),
    apiVersion: '2014-11-01',
    readOnly: !isWrite,
    requestParameters: { keyId: key, encryptionContext: { tenant: `t-${random.below(1000)}` } },
    responseElements: null,
    resources: [{ arn: key, type: 'AWS::KMS::Key', accountId }],
    tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', host: 'localhost:8443' },
  });
}

interface Filled {
  readonly journal: ArchiveJournal;
  readonly samples: readonly EventRecord[];
  readonly lineBytes: number;
}

async function fill(folder: string, count: number, nowMs: number): Promise<Filled> {
  const key = createSecretKey(Buffer.alloc(32));
  const journal = new ArchiveJournal();
  const samples: EventRecord[] = [];
  let previous = '0'.repeat(64);
  let lineBytes = 0;
  const archiveCount = Math.ceil(count / archiveSizes.eventCount);
  const stepMs = keptMs / (archiveCount * archiveSizes.eventCount);
  for (let i = 0; i < archiveCount; i++) {
    const builder = new ArchiveBuilder();
    const first = i * archiveSizes.eventCount + 1;
    const before = previous;
    const atMs = (row: number) => Math.floor(nowMs - keptMs + (first + row) * stepMs);
    for (let row = 0; row < archiveSizes.eventCount; row++) {
      const event = newEvent(atMs(row));
      const line = { number: first + row, previous, event };
      const bytes = Buffer.from(JSON.stringify(line));
      lineBytes += bytes.length;
      previous = lineHash(bytes);
      if (random.oneIn(20_000)) samples.push(event);
      await builder.add(bytes, parseLine(bytes), atMs(row));
    }
    const last = first + archiveSizes.eventCount - 1;
    const times = { fromMs: atMs(0), toMs: atMs(archiveSizes.eventCount - 1) };
    const name = archiveName({ first });
    const bytes = sealFile(key, name, await builder.parts(), systemRandom);
    await systemDisk.replace(`${folder}/${name}`, bytes);
    const fileBytes = bytes.length;
    journal.apply({ put: { first, last, ...times, previous: before, hash: previous, fileBytes } });
  }
  return { journal, samples, lineBytes };
}

function historyOf(folder: string, journal: ArchiveJournal): EventHistory {
  const key = createSecretKey(Buffer.alloc(32));
  const archives = new Archives({ disk: systemDisk, folder, key, journal });
  const trail = new Trail();
  trail.apply({ count: journal.last, hash: '0' });
  const state = {
    readNewest: async function* () {},
    readAt: async () => undefined,
  };
  return new EventHistory({ state: () => state, trail, archives });
}

interface Measured {
  readonly what: string;
  readonly wallMs: readonly number[];
  readonly cpuMs: readonly number[];
  readonly pages: number;
}

async function measure(
  history: EventHistory,
  what: string,
  lookups: readonly Omit<Lookup, 'nextToken' | 'limit'>[],
  nowMs: number,
): Promise<Measured> {
  const wallMs: number[] = [];
  const cpuMs: number[] = [];
  let pages = 0;
  for (const each of lookups) {
    let nextToken: string | undefined;
    // A lookup of a rare value may take several calls. Each is measured.
    do {
      const began = performance.now();
      const cpu = process.cpuUsage();
      const page = await lookUp(history, { ...each, limit: 50, nextToken }, nowMs, false);
      wallMs.push(performance.now() - began);
      const { user, system } = process.cpuUsage(cpu);
      cpuMs.push((user + system) / 1000);
      pages++;
      nextToken = page.events.length === 0 ? page.nextToken : undefined;
    } while (nextToken !== undefined);
  }
  return { what, wallMs, cpuMs, pages };
}

function line({ what, wallMs, cpuMs, pages }: Measured): string {
  const sorted = [...wallMs].sort((a, b) => a - b);
  const cpu = cpuMs.reduce((sum, each) => sum + each, 0) / cpuMs.length;
  const figures = [
    `median ${(sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(1)} ms`,
    `largest ${(sorted.at(-1) ?? 0).toFixed(1)} ms`,
    `CPU ${cpu.toFixed(1)} ms`,
    `${pages} calls`,
  ];
  return `${what.padEnd(34)} ${figures.join(', ')}`;
}

const count = Math.round(Number(process.argv[2] ?? '0.2') * 1_000_000);
const folder = mkdtempSync(join(tmpdir(), 'waxwing-bench-trail-'));
try {
  const nowMs = Date.UTC(2026, 11, 1);
  const { journal, samples, lineBytes } = await fill(folder, count, nowMs);
  const fileBytes = journal.all().reduce((sum, record) => sum + record.fileBytes, 0);
  const total = journal.last;
  console.log(
    `${total} events in ${journal.all().length} archives: ${(lineBytes / total).toFixed(0)} bytes ` +
      `an event as JSON, ${(fileBytes / total).toFixed(0)} on disk, ${(fileBytes / 2 ** 20).toFixed(0)} MiB`,
  );
  const history = historyOf(folder, journal);
  const byAttribute = (key: LookupKey, fromMs: number | undefined, toMs: number | undefined) =>
    Array.from({ length: samplesPerCase }, () => {
      const value = valuesOf[key](random.pick(samples))[0] ?? '';
      return { attributes: [{ key, value }], fromMs, toMs };
    });
  const never = [{ attributes: [{ key: 'EventId' as const, value: 'none' }] }].map((each) => ({
    ...each,
    fromMs: undefined,
    toMs: undefined,
  }));
  console.log(line(await measure(history, 'EventId that is nowhere, first time', never, nowMs)));
  console.log(line(await measure(history, 'EventId that is nowhere, again', never, nowMs)));
  for (const key of lookupKeys) {
    console.log(line(await measure(history, key, byAttribute(key, undefined, undefined), nowMs)));
    const ranges = byAttribute(key, nowMs - 40 * day, nowMs - 39 * day);
    console.log(line(await measure(history, `${key}, one day`, ranges, nowMs)));
  }
  const { rss, heapUsed } = process.memoryUsage();
  console.log(`memory: ${(rss / 2 ** 20).toFixed(0)} MiB, heap ${(heapUsed / 2 ** 20).toFixed(0)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
