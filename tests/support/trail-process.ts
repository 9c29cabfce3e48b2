// Trails on a simulated disk, whose process can end.

import { createSecretKey } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { ArchiveJournal } from '../../src/audit/archive/archive-journal.ts';
import { Archives } from '../../src/audit/archive/archives.ts';
import { EventHistory } from '../../src/audit/history.ts';
import { type EventRecord, eventRecord } from '../../src/audit/record.ts';
import { Trail, trailTimeline } from '../../src/audit/trail.ts';
import { Delivery } from '../../src/audit/trails/delivery.ts';
import { ObjectStore } from '../../src/audit/trails/object-store.ts';
import { makeSigningKey, type SigningKeyRecord } from '../../src/audit/trails/signing-keys.ts';
import { TrailCommands, type TrailResult } from '../../src/audit/trails/trail-commands.ts';
import { Trails } from '../../src/audit/trails/trails.ts';
import type { TrailFile } from '../../src/audit/trails/verification.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Entry } from '../../src/storage/journal.ts';
import type { StateStore } from '../../src/storage/state-store.ts';
import { ManualClock } from './manual-clock.ts';
import { MemoryDisk } from './memory-disk.ts';
import { reopenedState, SyncingLog } from './memory-state.ts';

/** Where the trails are. */
export const place = { region: 'us-west-2', accountId: '111122223333' };
/** Seals what is stored. */
export const key = createSecretKey(Buffer.alloc(32, 1));
/** The settings of trails. */
export const settings = {
  bucket: 'logs',
  prefix: '',
  includesGlobalEvents: true,
  isMultiRegion: false,
  hasValidation: true,
};
/** The interval of log files, milliseconds. */
export const fileMs = 300_000;
/** The interval of digests, milliseconds. */
export const digestMs = 3_600_000;

type MakeSigningKey = (nowMs: number) => Promise<SigningKeyRecord>;

/** Returns a function that makes one RSA key and returns it each time, as one that is new. */
export function oneSigningKey(): MakeSigningKey {
  let made: Promise<SigningKeyRecord> | undefined;
  return async (fromMs) => {
    made ??= makeSigningKey(key, fromMs);
    return { ...(await made), fromMs };
  };
}

/** A process with trails on a log and a disk, which outlive it. */
export class Process {
  readonly clock: ManualClock;
  readonly disk: MemoryDisk;
  readonly log: SyncingLog;
  readonly trail = new Trail();
  readonly trails = new Trails();
  readonly state: StateStore;
  readonly objects: ObjectStore;
  readonly commands: TrailCommands;
  readonly delivery: Delivery;
  readonly failures: unknown[] = [];
  /** Writes and commits that are made before the process ends; undefined: it does not end. */
  stepsLeft: number | undefined = undefined;

  readonly #makeSigningKey: MakeSigningKey;

  constructor(
    makeKey: MakeSigningKey = (nowMs) => makeSigningKey(key, nowMs),
    clock = new ManualClock(),
    disk = new MemoryDisk(),
    log = new SyncingLog(),
  ) {
    this.#makeSigningKey = makeKey;
    this.clock = clock;
    this.disk = disk;
    const reopened = reopenedState(log, [this.trail, this.trails], [trailTimeline]);
    this.state = reopened.state;
    this.log = reopened.log;
    const journal = new ArchiveJournal();
    const archives = new Archives({ disk, folder: '/events', key, journal });
    const history = new EventHistory({ state: () => this.state, trail: this.trail, archives });
    const replace = disk.replace.bind(disk);
    disk.replace = async (...of) => {
      this.#step();
      await replace(...of);
      this.#step();
    };
    this.objects = new ObjectStore({ disk, folder: '/trails', key, clock, random: systemRandom });
    const newestEvent = () => history.newest();
    this.commands = new TrailCommands({ trails: this.trails, place, newestEvent });
    this.delivery = new Delivery({
      trails: this.trails,
      place,
      history,
      objects: this.objects,
      outside: undefined,
      commit: async (entries) => {
        this.#step();
        await this.state.commit(entries);
        this.#step();
      },
      clock,
      random: systemRandom,
      sealingKey: key,
      makeSigningKey: makeKey,
      dataKey: async (kmsKeyArn, context) => ({
        kmsKeyArn,
        context,
        plaintext: Buffer.alloc(32, 9),
        wrapped: Buffer.from('wrapped'),
      }),
      intervals: { fileMs, digestMs },
      digested: () => {},
      failed: (_, error) => this.failures.push(error),
    });
  }

  #step(): void {
    if (this.stepsLeft === undefined) return;
    if (this.stepsLeft === 0) throw new Error('the process ended');
    this.stepsLeft--;
  }

  async do({ changes }: TrailResult): Promise<void> {
    const entries: Entry[] = changes.map((change) => this.trails.entry(change));
    if (entries.length > 0) await this.state.commit(entries);
  }

  next(makeKey = this.#makeSigningKey): Process {
    return new Process(makeKey, this.clock, this.disk.copy(), this.log);
  }

  async create(name = 'all', changes: Partial<typeof settings & { kmsKeyArn: string }> = {}) {
    await this.do(this.commands.create(name, { ...settings, ...changes }, {}, this.clock.nowMs()));
    await this.do(this.commands.start(name, this.clock.nowMs()));
  }

  async record(eventName: string, eventSource = 'kms.amazonaws.com'): Promise<EventRecord> {
    const atMs = this.clock.nowMs();
    const event = eventRecord({
      caller: {
        type: 'root',
        accountId: place.accountId,
        arn: `arn:aws:iam::${place.accountId}:root`,
        principalId: place.accountId,
      },
      invokedBy: undefined,
      requestId: systemRandom.uuid(),
      eventId: systemRandom.uuid(),
      ...place,
      sourceIp: '127.0.0.1',
      userAgent: 'test',
      atMs,
      eventSource,
      eventName,
      apiVersion: undefined,
      readOnly: true,
      requestParameters: null,
      responseElements: null,
      resources: [],
    });
    await this.state.commit(this.trail.chain(event, atMs));
    return event;
  }

  /** Performs the deliveries that are due. */
  async deliver(): Promise<void> {
    this.delivery.tick(this.clock.nowMs());
    await this.delivery.idle();
  }

  async keys(kind: 'CloudTrail' | 'CloudTrail-Digest', bucket = 'logs'): Promise<string[]> {
    const found: string[] = [];
    for await (const name of this.objects.keys(bucket)) {
      if (name.includes(`/${kind}/`)) found.push(name);
    }
    return found;
  }

  async json(name: string, bucket = 'logs'): Promise<Record<string, unknown>> {
    const { body } = await this.objects.get(bucket, name, async () => Buffer.alloc(32, 9));
    return JSON.parse(gunzipSync(body).toString());
  }

  /** The names of the events in all log files, in the order of delivery. */
  async delivered(): Promise<string[]> {
    const names: string[] = [];
    for (const name of await this.keys('CloudTrail')) {
      const { Records } = (await this.json(name)) as { Records: EventRecord[] };
      names.push(...Records.map(({ eventName }) => eventName));
    }
    return names;
  }

  /** The files as an export writes them. */
  async files(): Promise<Map<string, TrailFile>> {
    const files = new Map<string, TrailFile>();
    for await (const name of this.objects.keys('logs')) {
      const { body, info } = await this.objects.get('logs', name, async () => Buffer.alloc(32, 9));
      files.set(`logs/${name}`, { body, metadata: info.metadata });
    }
    return files;
  }

  get publicKeys(): Buffer[] {
    return this.trails.keys().map(({ publicKey }) => Buffer.from(publicKey, 'base64'));
  }
}
