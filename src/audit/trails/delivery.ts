// The delivery of events to log files, and of digests of these.

import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Entry } from '../../storage/journal.ts';
import type { EventHistory } from '../history.ts';
import type { EventRecord } from '../record.ts';
import { digestFile, hashOf, signatureAlgorithm, textToSign } from './digest-file.ts';
import { isSelected } from './event-selectors.ts';
import { digestKey, type FilePlace, logFileKey } from './file-names.ts';
import type { ObjectDataKey, ObjectStore } from './object-store.ts';
import { kmsKeyOutside, type OutsideBuckets } from './outside-buckets.ts';
import { type SigningKeyRecord, signText } from './signing-keys.ts';
import {
  type DeliveredFile,
  type DeliveryState,
  hasEventsBeforeStop,
  lastEventOf,
  selectionOf,
  type TrailRecord,
} from './trail-record.ts';
import { type Trails, type TrailsPlace, trailArn } from './trails.ts';

/** The limits of log files. A file with more events is split. */
const fileLimits = { eventCountMax: 5000, bytesMax: 8 * 1024 * 1024 } as const;
/** Time after which a delivery that failed is repeated, milliseconds. */
const retryMs = 60_000;
/** Number of log files after which a digest is written before its time. */
const digestFileCountMax = 200;
/** Number of events that are not delivered after which this is recorded. */
const skippedCountMax = 10_000;

const compress = promisify(gzip);

/** The intervals of deliveries, milliseconds. */
export interface DeliveryIntervals {
  readonly fileMs: number;
  readonly digestMs: number;
}

/** The parts that deliveries need. */
export interface DeliveryParts {
  readonly trails: Trails;
  readonly place: TrailsPlace;
  readonly history: Pick<EventHistory, 'readAfter' | 'newest'>;
  readonly objects: ObjectStore;
  /** Buckets to which files are copied; undefined if there are none. */
  readonly outside: OutsideBuckets | undefined;
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  /** 256 bits. Seals the private keys that sign digests. */
  readonly sealingKey: KeyObject;
  /** Makes a key that signs digests from now on, sealed by the key above. */
  readonly makeSigningKey: (nowMs: number) => Promise<SigningKeyRecord>;
  /** Generates a data key of a KMS key for an object. */
  readonly dataKey: (
    kmsKeyArn: string,
    context: Readonly<Record<string, string>>,
  ) => Promise<ObjectDataKey>;
  readonly intervals: DeliveryIntervals;
  /** Called after each digest. */
  readonly digested: (trail: TrailRecord) => void;
  /** Called when a delivery failed. It is repeated. */
  readonly failed: (trail: TrailRecord, error: unknown) => void;
}

/** Events that were collected for a log file. */
interface Collected {
  readonly records: readonly string[];
  /** The number of the last event that was looked at. */
  readonly through: number;
  readonly newestEventTime: string;
  readonly oldestEventTime: string;
}

/** The failure of the last attempt, for GetTrailStatus. */
export interface DeliveryFailure {
  readonly message: string;
  readonly atMs: number;
}

/**
 * Delivers the events of trails. Each file is first announced in the journal, then written, then
 * recorded as delivered. After a crash, an announced file is written again under the same name, so
 * that no event is missing and none is in two files.
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  /** The last failure of each trail since its last success. */
  readonly #failures = new Map<string, DeliveryFailure>();
  /** The number up to which the events of a trail are known not to be delivered. */
  readonly #skipped = new Map<string, number>();
  #triedMs = new Map<string, number>();
  /** The work in progress. Only one file is written at a time. */
  #work: Promise<void> = Promise.resolve();
  #isBusy = false;
  #isClosed = false;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** The failure of the last attempt; undefined if it succeeded. */
  failureOf(name: string): DeliveryFailure | undefined {
    return this.#failures.get(name);
  }

  /** Starts the deliveries that are due. Call it regularly. */
  tick(nowMs: number): void {
    if (this.#isBusy || this.#isClosed) return;
    const { fileMs, digestMs } = this.#parts.intervals;
    const due = this.#parts.trails.all().filter((trail) => {
      const { name, isLogging, delivery, hasValidation } = trail;
      const failedMs = this.#failures.get(name)?.atMs;
      if (failedMs !== undefined && nowMs < failedMs + retryMs) return false;
      const isOpen = delivery.pendingFile !== undefined || delivery.pendingDigest !== undefined;
      const hasEvents = isLogging || hasEventsBeforeStop(trail);
      const isFileDue = hasEvents && nowMs >= (this.#triedMs.get(name) ?? 0) + fileMs;
      const hasDigest = hasValidation && (isLogging || delivery.files.length > 0);
      return isFileDue || isOpen || (hasDigest && nowMs >= delivery.digestedMs + digestMs);
    });
    for (const { name } of due) {
      this.#triedMs.set(name, nowMs);
      void this.#enqueue(() => this.#run(name, false));
    }
  }

  /** Delivers everything that a trail has, with a digest. */
  flush(name: string): Promise<void> {
    return this.#enqueue(() => this.#run(name, true));
  }

  /** Resolves once no delivery is in progress. */
  async idle(): Promise<void> {
    while (this.#isBusy) await this.#work;
  }

  /** Waits for the work in progress and starts no other. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#isBusy = true;
    const done = this.#work.then(work).finally(() => {
      if (this.#work === done) this.#isBusy = false;
    });
    this.#work = done;
    return done;
  }

  async #run(name: string, isFlush: boolean): Promise<void> {
    const trail = this.#parts.trails.get(name);
    if (trail === undefined) return;
    try {
      await this.#deliver(name);
      await this.#digest(name, isFlush);
      this.#failures.delete(name);
    } catch (error) {
      if (this.#parts.trails.get(name) === undefined) return; // it was deleted meanwhile
      const message = error instanceof Error ? error.message : String(error);
      this.#failures.set(name, { message, atMs: this.#parts.clock.nowMs() });
      this.#parts.failed(trail, error);
    }
  }

  /** Writes log files until the trail has none of the present events left. */
  async #deliver(name: string): Promise<void> {
    // The use of a KMS key for a file is an event itself, which is in the next delivery.
    const last = this.#parts.history.newest();
    for (;;) {
      const trail = this.#parts.trails.get(name);
      if (trail === undefined) return;
      const { pendingFile, files } = trail.delivery;
      if (pendingFile !== undefined) {
        await this.#writeFile(trail);
        continue;
      }
      if (trail.hasValidation && files.length >= digestFileCountMax) await this.#digest(name, true);
      else if (!(await this.#announceFile(trail, lastEventOf(trail, last)))) return;
    }
  }

  /** Announces the next log file. Returns whether there is one. */
  async #announceFile(trail: TrailRecord, last: number): Promise<boolean> {
    const { clock, random } = this.#parts;
    const { delivery, bucket } = trail;
    const after = Math.max(delivery.through, this.#skipped.get(trail.name) ?? 0);
    if (after >= last) return false;
    const { records, through } = await this.#collect(trail, after, last);
    if (records.length === 0) {
      this.#skipped.set(trail.name, through);
      if (through - delivery.through < skippedCountMax) return through < last;
      await this.#put(trail, { ...delivery, through });
      return true;
    }
    const key = logFileKey(this.#filePlace(trail), clock.nowMs(), random.bytes(16));
    await this.#put(trail, { ...delivery, pendingFile: { bucket, key, after, through } });
    return true;
  }

  async #writeFile(trail: TrailRecord): Promise<void> {
    const { delivery } = trail;
    const { pendingFile: pending, ...rest } = delivery;
    if (pending === undefined) return;
    const { bucket, key, after, through } = pending;
    const { records, ...times } = await this.#collect(trail, after, through);
    let files = delivery.files;
    // Other selectors may have been set since it was announced.
    if (records.length > 0) {
      const hash = await this.#writeRecords(trail, bucket, key, records);
      const { newestEventTime, oldestEventTime } = times;
      const file: DeliveredFile = { bucket, key, hash, newestEventTime, oldestEventTime };
      // Without digests, the list would grow.
      if (trail.hasValidation) files = [...files, file];
    }
    const deliveredMs = this.#parts.clock.nowMs();
    await this.#put(trail, { ...rest, files, through, deliveredMs });
  }

  /** @returns the hash of the uncompressed file */
  async #writeRecords(
    trail: TrailRecord,
    bucket: string,
    key: string,
    records: readonly string[],
  ): Promise<string> {
    const hash = createHash('sha256');
    const pieces: Buffer[] = [];
    const add = (text: string) => {
      const bytes = Buffer.from(text);
      hash.update(bytes);
      pieces.push(bytes);
    };
    add('{"Records":[');
    for (const [i, record] of records.entries()) {
      add(i === 0 ? record : `,${record}`);
      if (i % 256 === 255) await new Promise((resolve) => setImmediate(resolve));
    }
    add(']}');
    await this.#write(trail, bucket, key, await compress(Buffer.concat(pieces)), {});
    return hash.digest('hex');
  }

  /** Collects the events of a trail for one file. */
  async #collect(trail: TrailRecord, after: number, last: number): Promise<Collected> {
    const records: string[] = [];
    let bytesSum = 0;
    let through = after;
    let newestEventTime = '';
    let oldestEventTime = '';
    for await (const { number, event, sizeBytes } of this.#parts.history.readAfter(after)) {
      if (number > last) break;
      const isFull =
        records.length >= fileLimits.eventCountMax || bytesSum + sizeBytes > fileLimits.bytesMax;
      if (isFull && records.length > 0) break;
      through = number;
      if (!isDelivered(trail, number, event, this.#parts.place)) continue;
      records.push(JSON.stringify(event));
      bytesSum += sizeBytes;
      if (event.eventTime > newestEventTime) newestEventTime = event.eventTime;
      if (oldestEventTime === '' || event.eventTime < oldestEventTime) {
        oldestEventTime = event.eventTime;
      }
    }
    return { records, through: Math.max(through, after), newestEventTime, oldestEventTime };
  }

  async #digest(name: string, isFlush: boolean): Promise<void> {
    const trail = this.#parts.trails.get(name);
    if (trail?.hasValidation !== true) return;
    const { delivery, isLogging } = trail;
    if (delivery.pendingDigest === undefined) {
      const nowMs = this.#parts.clock.nowMs();
      const hasFiles = delivery.files.length > 0;
      const isDue = nowMs >= delivery.digestedMs + this.#parts.intervals.digestMs;
      if (!(isFlush ? hasFiles : isDue && (isLogging || hasFiles))) return;
      await this.#announceDigest(trail, nowMs);
    }
    await this.#writeDigest(name);
  }

  async #announceDigest(trail: TrailRecord, nowMs: number): Promise<void> {
    const { delivery, bucket } = trail;
    const { fingerprint } = await this.#signingKey(nowMs);
    // The time is part of the name, and must be later than that of the previous digest.
    const earliestMs = (delivery.digest?.endMs ?? 0) + 1000;
    const endMs = Math.max(Math.floor(nowMs / 1000) * 1000, earliestMs);
    const key = digestKey(this.#filePlace(trail), trail.name, endMs);
    const startMs = Math.min(delivery.digestedMs, endMs);
    const pendingDigest = { bucket, key, startMs, endMs, fingerprint };
    await this.#put(trail, { ...delivery, pendingDigest });
  }

  async #writeDigest(name: string): Promise<void> {
    const trail = this.#parts.trails.get(name);
    if (trail === undefined) return;
    const { pendingDigest: pending, ...rest } = trail.delivery;
    if (pending === undefined) return;
    const { bucket, key, endMs, fingerprint } = pending;
    const signingKey = this.#parts.trails.keys().find((each) => each.fingerprint === fingerprint);
    if (signingKey === undefined) throw new Error(`there is no signing key ${fingerprint}`);
    const { files, digest: previous } = rest;
    const digest = digestFile(this.#parts.place.accountId, pending, files, previous);
    const bytes = Buffer.from(JSON.stringify(digest));
    const hash = hashOf(bytes);
    const signature = signText(this.#parts.sealingKey, signingKey, textToSign(digest, hash));
    const metadata = { signature, 'signature-algorithm': signatureAlgorithm };
    await this.#write(trail, bucket, key, await compress(bytes), metadata);
    const fileCount = (previous?.fileCount ?? 0) + files.length;
    const done = { bucket, key, hash, signature, endMs, fileCount };
    const stored = await this.#put(trail, {
      ...rest,
      files: [],
      digest: done,
      digestedMs: endMs,
    });
    this.#parts.digested(stored);
  }

  /** The key that signs now; makes one if there is none. */
  async #signingKey(nowMs: number): Promise<SigningKeyRecord> {
    const { trails, makeSigningKey, commit } = this.#parts;
    const current = trails.keys().findLast(({ fromMs, toMs }) => fromMs <= nowMs && nowMs < toMs);
    if (current !== undefined) return current;
    const key = await makeSigningKey(nowMs);
    await commit([trails.entry({ put: 'key', key })]);
    return key;
  }

  async #write(
    trail: TrailRecord,
    bucket: string,
    key: string,
    body: Buffer,
    metadata: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { objects, outside, place, dataKey } = this.#parts;
    const isOutside = outside?.has(bucket) === true;
    if (isOutside && trail.kmsKeyArn !== undefined) throw kmsKeyOutside(bucket);
    const context = {
      'aws:cloudtrail:arn': trailArn(place, trail.name),
      'aws:s3:arn': `arn:aws:s3:::${bucket}/${key}`,
    };
    const sealing = trail.kmsKeyArn && (await dataKey(trail.kmsKeyArn, context));
    await objects.put(bucket, key, body, metadata, sealing || undefined);
    // A crash in between repeats both under the same name, with the same contents.
    if (isOutside) await outside?.put(bucket, key, body, metadata);
  }

  /** Stores the state of a delivery, unless a command has changed it meanwhile. */
  async #put(trail: TrailRecord, delivery: DeliveryState): Promise<TrailRecord> {
    const { trails, commit } = this.#parts;
    const current = trails.get(trail.name);
    if (current === undefined || current.delivery !== trail.delivery) {
      throw new Error(`trail ${trail.name} was changed during its delivery`);
    }
    await commit([trails.delivered(current, delivery)]);
    return { ...current, delivery };
  }

  #filePlace({ prefix }: TrailRecord): FilePlace {
    return { prefix, ...this.#parts.place };
  }
}

/**
 * Whether a trail delivers an event. Calls that change the trail are always delivered: otherwise, new
 * selectors would hide who set them.
 */
function isDelivered(
  trail: TrailRecord,
  number: number,
  event: EventRecord,
  place: TrailsPlace,
): boolean {
  const { eventSource, readOnly, resources = [] } = event;
  const arn = trailArn(place, trail.name);
  const isChange = eventSource === 'cloudtrail.amazonaws.com' && !readOnly;
  if (isChange && resources.some(({ ARN }) => ARN === arn)) return true;
  const selection = selectionOf(trail, number);
  if (selection === undefined) return true;
  const isGlobal = eventSource === 'iam.amazonaws.com';
  return (selection.includesGlobalEvents || !isGlobal) && isSelected(selection, event);
}
