// Verification of the archives of events and of the files of trails in a stopped data folder.

import type { ArchiveRecord } from '../../audit/archive/archive-journal.ts';
import { Archives } from '../../audit/archive/archives.ts';
import { lineHash } from '../../audit/trail.ts';
import { ObjectStore } from '../../audit/trails/object-store.ts';
import { systemClock } from '../../base/clock.ts';
import { systemRandom } from '../../base/random.ts';
import { systemDisk } from '../../storage/disk.ts';
import type { SystemState } from '../compose.ts';
import { ServerError } from '../errors.ts';
import { eventsFolder, trailsFolder } from '../system-volume.ts';

/**
 * Verifies that all archives are there and unchanged, and that their events form a chain.
 *
 * @param previousOf returns the hash of the line before an event in the system volume, as that event
 *   states it; undefined if the event is not there
 * @returns what was found
 * @throws {ServerError} `trail-broken`
 * @throws {StorageError} `sealed-file-damaged`
 */
export async function checkArchives(
  folder: string,
  state: SystemState,
  previousOf: (number: number) => string | undefined,
): Promise<string> {
  const { archives: journal, trailKeys, trail } = state;
  const parts = { disk: systemDisk, folder: eventsFolder(folder), key: trailKeys.events, journal };
  const archives = new Archives(parts);
  let next: { readonly number: number; readonly hash: string } | undefined;
  try {
    for (const record of journal.all()) {
      const { previous: hash, first: number } = record;
      if (next !== undefined && (next.number !== number || next.hash !== hash)) {
        throw broken(`archive ${number} does not follow event ${next.number - 1}`);
      }
      await checkArchive(archives, record);
      next = { number: record.last + 1, hash: record.hash };
    }
  } finally {
    await archives.close();
  }
  const isLast = next === undefined || next.number === trail.head.count + 1;
  if (next !== undefined && !isLast && previousOf(next.number) !== next.hash) {
    throw broken(`event ${next.number} does not follow the archives`);
  }
  const first = journal.all()[0]?.first ?? 1;
  const count = next === undefined ? 0 : next.number - first;
  return `${journal.all().length} archives, ${count} events`;
}

/** Verifies that the events of an archive form a chain, with the beginning and end recorded. */
async function checkArchive(archives: Archives, record: ArchiveRecord): Promise<void> {
  let { previous: hash, first: number } = record;
  for await (const line of archives.read(record, number)) {
    if (line.number !== number || line.previous !== hash) {
      throw broken(`event ${line.number} does not follow event ${number - 1}`);
    }
    hash = lineHash(line.bytes);
    number++;
  }
  if (number !== record.last + 1 || hash !== record.hash) {
    throw broken(`archive ${record.first} ends with event ${number - 1}`);
  }
}

/**
 * Verifies that the files of trails are unchanged, and that the newest digest of each trail is
 * there. Removed files are found by the chain of digests: `waxwing audit verify`.
 *
 * @returns what was found
 * @throws {ServerError} `trail-broken`
 * @throws {StorageError} `sealed-file-damaged`
 */
export async function checkTrailFiles(folder: string, state: SystemState): Promise<string> {
  const { trails, trailKeys } = state;
  const objects = new ObjectStore({
    disk: systemDisk,
    folder: trailsFolder(folder),
    key: trailKeys.files,
    clock: systemClock,
    random: systemRandom,
  });
  let count = 0;
  for (const bucket of trails.buckets()) {
    for await (const key of objects.keys(bucket)) {
      await objects.prove(bucket, key);
      count++;
    }
  }
  for (const { name, delivery } of trails.all()) {
    const { digest } = delivery;
    if (digest === undefined) continue;
    const found = await objects.head(digest.bucket, digest.key).catch(() => undefined);
    if (found?.metadata['signature'] !== digest.signature) {
      throw broken(`the newest digest of trail ${name}, ${digest.key}, is missing`);
    }
  }
  return `${count} files`;
}

function broken(what: string): ServerError {
  return new ServerError('trail-broken', `the audit trail is broken: ${what}`);
}
