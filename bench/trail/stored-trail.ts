// A trail on the disk, as the service leaves it: archives, and the newest events in a volume.

import { createHash, createSecretKey } from 'node:crypto';
import { join } from 'node:path';
import { ArchiveBuilder } from '../../src/audit/archive/archive-file.ts';
import { ArchiveJournal } from '../../src/audit/archive/archive-journal.ts';
import { archiveSizes } from '../../src/audit/archive/archiver.ts';
import { Archives, archiveName } from '../../src/audit/archive/archives.ts';
import { EventHistory } from '../../src/audit/history.ts';
import type { EventRecord } from '../../src/audit/record.ts';
import { lineHash, Trail, trailTimeline } from '../../src/audit/trail.ts';
import { systemRandom } from '../../src/base/random.ts';
import { systemDisk } from '../../src/storage/disk.ts';
import { Log } from '../../src/storage/log.ts';
import { sealFile } from '../../src/storage/sealed-files/sealed-file.ts';
import { StateStore } from '../../src/storage/state-store.ts';
import { Volume } from '../../src/storage/volume.ts';
import { EventSource } from './events.ts';

/** Number of the newest events, which are not archived. The service has 4,096 to 20,480. */
const recentCount = 8192;
/** Number of the newest of these that are synced one by one, so that each has a block of its own. */
const aloneCount = 512;
/** Number of archives that are made at a time: their lines are compressed in other threads. */
const laneCount = 3;
/** One in so many events is kept, as a value to look up. */
const sampleEvery = 20_000;
/** The sizes of the system volume of the service, bytes. */
const logSizes = { segmentBytes: 8 * 1024 * 1024, cacheBytes: 4 * 1024 * 1024 };

/** The time that the events cover, milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What was stored, and how large it is. */
export interface StoredTrail {
  readonly eventCount: number;
  readonly archiveCount: number;
  /** Size of the events as JSON, and of the archives on the disk. */
  readonly lineBytes: number;
  readonly archiveBytes: number;
  readonly samples: readonly EventRecord[];
  /** A history as after a start: nothing was read yet. */
  readonly open: () => EventHistory;
  readonly close: () => Promise<void>;
}

/**
 * Writes a trail. Events are spread evenly over the span. The hash chain begins again in each
 * archive, so that several are made at a time; lookups do not read it.
 */
export async function storeTrail(folder: string, count: number, span: Span): Promise<StoredTrail> {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const archiveCount = Math.max(1, Math.round((count - recentCount) / archiveSizes.eventCount));
  const eventCount = archiveCount * archiveSizes.eventCount + recentCount;
  const stepMs = (span.toMs - span.fromMs) / eventCount;
  const timeOf = (number: number) => Math.floor(span.fromMs + number * stepMs);
  const samples: EventRecord[] = [];
  const made: Made[] = [];
  let next = 0;
  const lane = async () => {
    for (let i = next++; i < archiveCount; i = next++) {
      made[i] = await writeArchive(join(folder, 'events'), i, timeOf, samples);
      if (i % 50 === 49) console.error(`${(i + 1) * archiveSizes.eventCount} events`);
    }
  };
  await systemDisk.createFolder(join(folder, 'events'));
  await Promise.all(Array.from({ length: laneCount }, lane));
  const journal = new ArchiveJournal();
  for (const { put } of made) journal.apply({ put });
  const { store, trail } = await openStore(join(folder, 'system'), journal.last, made.at(-1));
  const source = new EventSource(archiveCount);
  for (let number = journal.last + 1; number <= eventCount; number++) {
    const atMs = timeOf(number);
    const committed = store.commit(trail.chain(source.next(atMs), atMs));
    if (number % 64 === 0 || number > eventCount - aloneCount) await committed;
  }
  const sum = (of: (each: Made) => number) => made.reduce((total, each) => total + of(each), 0);
  return {
    eventCount,
    archiveCount,
    lineBytes: sum((each) => each.lineBytes),
    archiveBytes: sum(({ put }) => put.fileBytes),
    samples,
    open: () => {
      const parts = { disk: systemDisk, folder: join(folder, 'events'), key, journal };
      return new EventHistory({ state: () => store, trail, archives: new Archives(parts) });
    },
    close: () => store.close(),
  };
}

type Made = Awaited<ReturnType<typeof writeArchive>>;

async function writeArchive(
  folder: string,
  index: number,
  timeOf: (number: number) => number,
  samples: EventRecord[],
) {
  const key = createSecretKey(Buffer.alloc(32, 7));
  const source = new EventSource(index);
  const builder = new ArchiveBuilder();
  const first = index * archiveSizes.eventCount + 1;
  const last = first + archiveSizes.eventCount - 1;
  const previous = createHash('sha256').update(`before ${first}`).digest('hex');
  let hash = previous;
  let lineBytes = 0;
  for (let number = first; number <= last; number++) {
    const event = source.next(timeOf(number));
    const line = { number, previous: hash, event };
    const bytes = Buffer.from(JSON.stringify(line));
    lineBytes += bytes.length;
    hash = lineHash(bytes);
    if (number % sampleEvery === 0) samples.push(event);
    await builder.add(bytes, line, timeOf(number));
  }
  const name = archiveName({ first });
  const bytes = sealFile(key, name, await builder.parts(), systemRandom);
  await systemDisk.replace(`${folder}/${name}`, bytes);
  const times = { fromMs: timeOf(first), toMs: timeOf(last) };
  const put = { first, last, ...times, previous, hash, fileBytes: bytes.length };
  return { put, lineBytes };
}

/** Creates a system volume whose trail continues after the archives. */
async function openStore(folder: string, count: number, newest: Made | undefined) {
  const key = createSecretKey(Buffer.alloc(32, 8));
  const trail = new Trail();
  trail.apply({ count, hash: newest?.put.hash ?? '' });
  const store = new StateStore([trail], [trailTimeline]);
  const named = { id: 'vol-bench', kind: 'system', wrappedKey: Buffer.alloc(40) } as const;
  await Volume.format(systemDisk, folder, named, key);
  const volume = await Volume.open(systemDisk, folder, key);
  await Log.open(volume, store, {
    onDurable: (group) => store.onDurable(group),
    onFailed: (error) => store.onFailed(error),
    ...logSizes,
    isRecycling: false,
  });
  store.recovered();
  return { store, trail };
}
