// Measures LookupEvents: `npm run bench:trail -- [millions of events] [--write]`.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type LookupKey, lookupKeys, valuesOf } from '../../src/audit/archive/attributes.ts';
import type { EventHistory } from '../../src/audit/history.ts';
import { type Lookup, lookUp } from '../../src/audit/lookup.ts';
import { SeededRandom } from '../../tests/support/seeded-random.ts';
import { replaceReport } from '../document.ts';
import { projectFolder } from '../project.ts';
import { type StoredTrail, storeTrail } from './stored-trail.ts';

const day = 24 * 3600 * 1000;
const lookupsPerCase = 20;
const goalMs = 50;
const nowMs = Date.UTC(2026, 11, 1);
const span = { fromMs: nowMs - 89 * day, toMs: nowMs };
const middle = { fromMs: nowMs - 45 * day, toMs: nowMs - 44 * day };
const random = new SeededRandom(1);

/** A lookup, without what differs from page to page. */
type Question = Omit<Lookup, 'nextToken' | 'limit'>;

interface Measured {
  readonly what: string;
  /** The duration of each call in milliseconds, ascending. */
  readonly wallMs: readonly number[];
  /** Processor time of a call, milliseconds. */
  readonly cpuMs: number;
  readonly eventCount: number;
}

/** Asks each question until it has a page with events, or an end. */
async function measure(
  history: EventHistory,
  what: string,
  questions: readonly Question[],
): Promise<Measured> {
  const wallMs: number[] = [];
  let eventCount = 0;
  const cpu = process.cpuUsage();
  for (const question of questions) {
    let nextToken: string | undefined;
    do {
      const began = performance.now();
      const page = await lookUp(history, { ...question, limit: 50, nextToken }, nowMs, false);
      wallMs.push(performance.now() - began);
      eventCount += page.events.length;
      nextToken = page.events.length === 0 ? page.nextToken : undefined;
    } while (nextToken !== undefined);
  }
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000 / wallMs.length;
  wallMs.sort((a, b) => a - b);
  return { what, wallMs, cpuMs, eventCount };
}

function questionsBy(trail: StoredTrail, key: LookupKey, range: Partial<Lookup>): Question[] {
  return Array.from({ length: lookupsPerCase }, () => {
    const value = valuesOf[key](random.pick(trail.samples))[0] ?? '';
    return { attributes: [{ key, value }], fromMs: undefined, toMs: undefined, ...range };
  });
}

async function measureAll(trail: StoredTrail): Promise<Measured[]> {
  const history = trail.open();
  const nowhere = { attributes: [{ key: 'EventId', value: 'none' }] } as const;
  const all = { fromMs: undefined, toMs: undefined };
  const measured = [
    await measure(history, 'first lookup after a start, no attribute', [
      { attributes: [], ...all },
    ]),
    await measure(history, 'EventId that is nowhere, filters not read', [{ ...nowhere, ...all }]),
  ];
  const began = performance.now();
  const read = trail.open();
  await read.catchUp();
  console.error(`${((performance.now() - began) / 1000).toFixed(1)} s to read filters and events`);
  const again = Array.from({ length: lookupsPerCase }, () => ({ ...nowhere, ...all }));
  measured.push(await measure(read, 'EventId that is nowhere', again));
  for (const key of lookupKeys) {
    const named = questionsBy(trail, key, {});
    measured.push(await measure(read, `${key}, newest of 90 days`, named));
    measured.push(await measure(read, `${key}, one day`, questionsBy(trail, key, middle)));
  }
  const range = Array.from({ length: lookupsPerCase }, () => ({ attributes: [], ...middle }));
  measured.push(await measure(read, 'no attribute, one day', range));
  return measured;
}

function reportOf(trail: StoredTrail, measured: readonly Measured[]): string {
  const { eventCount, archiveCount, lineBytes, archiveBytes } = trail;
  const ratio = lineBytes / archiveBytes;
  const perEvent = (archiveBytes / archiveCount / 16_384).toFixed(0);
  const load = (loadavg()[0] ?? 0).toFixed(1);
  const rssMib = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
  const ms = (value: number | undefined) => (value ?? 0).toFixed(1);
  return [
    `${eventCount.toLocaleString('en')} events, the newest 8,192 of them in the system volume and the others in ${archiveCount} archives: ${(archiveBytes / 2 ** 20).toFixed(0)} MiB, ${perEvent} bytes an event (${ratio.toFixed(1)} times less than as JSON). ${lookupsPerCase} lookups of each kind with random values, in one process with ${rssMib} MiB of resident memory; ${availableParallelism()} cores, load average ${load}, Node ${process.version}. The goal is ${goalMs} ms a call.`,
    '',
    '| lookup | calls | events | median ms | largest ms | CPU ms |',
    '|---|--:|--:|--:|--:|--:|',
    ...measured.map(({ what, wallMs, cpuMs, eventCount: found }) => {
      const median = wallMs[Math.floor(wallMs.length / 2)];
      const cells = [what, wallMs.length, found, ms(median), ms(wallMs.at(-1)), ms(cpuMs)];
      return `| ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const millions = Number(positionals[0] ?? '1');
if (!(millions > 0 && millions <= 100)) throw new Error('expected 0.1 to 100 millions of events');
const folder = await mkdtemp(join(tmpdir(), 'waxwing-bench-trail-'));
try {
  const trail = await storeTrail(folder, Math.round(millions * 1_000_000), span);
  const report = reportOf(trail, await measureAll(trail));
  await trail.close();
  console.log(report);
  if (values.write) {
    const file = join(projectFolder, 'docs', 'performance.md');
    const text = replaceReport(readFileSync(file, 'utf8'), 'npm run bench:trail', report);
    writeFileSync(file, text);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
