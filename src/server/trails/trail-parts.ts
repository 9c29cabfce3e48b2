// Composition of the audit trail's services: event history, trails, and their files.

import type { KeyObject } from 'node:crypto';
import type { AuditParts } from '../../api/audit/parts.ts';
import type { CloudTrailParts } from '../../api/cloudtrail/parts.ts';
import type { S3Parts } from '../../api/s3/parts.ts';
import type { ArchiveJournal } from '../../audit/archive/archive-journal.ts';
import { Archiver, type ArchiveSizes } from '../../audit/archive/archiver.ts';
import { Archives } from '../../audit/archive/archives.ts';
import { EventHistory } from '../../audit/history.ts';
import { serviceEventRecord } from '../../audit/record.ts';
import { serviceTimeline, type Trail } from '../../audit/trail.ts';
import { Delivery, type DeliveryIntervals } from '../../audit/trails/delivery.ts';
import { ObjectStore } from '../../audit/trails/object-store.ts';
import type { OutsideBuckets } from '../../audit/trails/outside-buckets.ts';
import { makeSigningKey } from '../../audit/trails/signing-keys.ts';
import { TrailCommands } from '../../audit/trails/trail-commands.ts';
import { trailHead } from '../../audit/trails/trail-head.ts';
import type { TrailRecord } from '../../audit/trails/trail-record.ts';
import type { Trails, TrailsPlace } from '../../audit/trails/trails.ts';
import type { LocalClient } from '../../aws/local-client.ts';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import type { Disk } from '../../storage/disk.ts';
import type { Entry } from '../../storage/journal.ts';
import type { StateStore } from '../../storage/state-store.ts';
import { Anchor, type AnchorParts, type StampedHead } from './anchor.ts';
import { TrailKeys } from './trail-keys.ts';

/** Retention time of events, as in CloudTrail's event history, and the interval of its check. */
const keptMs = 90 * 24 * 3600 * 1000;
const dropEveryMs = 3600 * 1000;
/** Interval of archiving, milliseconds. */
const archiveEveryMs = 10_000;

/** The settings of trails. */
export interface TrailSettings {
  readonly intervals: DeliveryIntervals;
  readonly showsFailedLogins: boolean;
  readonly lookupsPerSecondMax: number;
  /** Buckets to which files are copied; undefined if there are none. */
  readonly outside: OutsideBuckets | undefined;
  /** The second machine that keeps the state of the trail; undefined if there is none. */
  readonly anchor: Pick<AnchorParts, 'url' | 'type' | 'authoritiesFile' | 'failed'> | undefined;
}

/** What the audit trail is composed of. */
export interface TrailEnvironment {
  readonly store: () => Pick<
    StateStore,
    'readTimeline' | 'readNewest' | 'readAt' | 'dropBefore' | 'dropOldest' | 'countOf'
  >;
  readonly trail: Trail;
  /** The trail of service-owned keys. */
  readonly serviceTrail: Trail;
  readonly trails: Trails;
  readonly archives: ArchiveJournal;
  readonly client: LocalClient;
  readonly place: TrailsPlace;
  readonly disk: Disk;
  /** The folders of the trails' files, and of the archives of events. */
  readonly folders: { readonly trails: string; readonly events: string };
  readonly keys: {
    readonly files: KeyObject;
    readonly signing: KeyObject;
    readonly events: KeyObject;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
  readonly settings: TrailSettings;
  readonly sizes: ArchiveSizes;
  /** Called when a delivery failed. It is repeated. */
  readonly failed: (trail: TrailRecord, error: unknown) => void;
  /** Called when events could not be archived. It is repeated. */
  readonly archivingFailed: (error: unknown) => void;
}

/** The event history, the trails and their files. */
export class TrailParts {
  readonly cloudTrail: CloudTrailParts;
  readonly s3: S3Parts;
  readonly audit: AuditParts;
  readonly delivery: Delivery;
  readonly anchor: Anchor | undefined;
  /** Failed deliveries since the start, by trail. */
  readonly failureCounts = new Map<string, number>();
  readonly #environment: TrailEnvironment;
  readonly #archives: Archives;
  readonly #archiver: Archiver;
  readonly #history: EventHistory;
  /** The background work on events in progress. */
  #work: Promise<void> | undefined = undefined;
  #dropAtMs = 0;
  #archiveAtMs = 0;

  constructor(environment: TrailEnvironment) {
    this.#environment = environment;
    const { store, trail, trails, place, clock, random, settings } = environment;
    const { folders, keys: secrets, archives: journal } = environment;
    const state = {
      readTimeline: (...of: Parameters<StateStore['readTimeline']>) => store().readTimeline(...of),
    };
    const ofEvents = { disk: environment.disk, folder: folders.events, key: secrets.events };
    this.#archives = new Archives({ ...ofEvents, journal });
    const { commit, sizes } = environment;
    const archives = this.#archives;
    this.#archiver = new Archiver({ ...ofEvents, archives, trail, store, commit, random, sizes });
    const keys = new TrailKeys(environment.client, place);
    const ofFiles = { disk: environment.disk, folder: folders.trails, key: secrets.files };
    const objects = new ObjectStore({ ...ofFiles, clock, random });
    const history = new EventHistory({ state: store, trail, archives });
    this.#history = history;
    const head = () => trailHead(place, trail, environment.serviceTrail, trails, clock.nowMs());
    const stamped = (stamp: StampedHead) => commit(this.#stampEntries(stamp));
    this.anchor =
      settings.anchor && new Anchor({ ...settings.anchor, head, clock, random, stamped });
    this.delivery = new Delivery({
      trails,
      place,
      history,
      objects,
      outside: settings.outside,
      commit,
      clock,
      random,
      sealingKey: secrets.signing,
      makeSigningKey: (nowMs) => makeSigningKey(secrets.signing, nowMs),
      dataKey: (...of) => keys.generate(...of),
      intervals: settings.intervals,
      digested: () => this.anchor?.changed(),
      failed: (of, error) => {
        this.failureCounts.set(of.name, (this.failureCounts.get(of.name) ?? 0) + 1);
        environment.failed(of, error);
      },
    });
    const newestEvent = () => history.newest();
    this.cloudTrail = {
      history,
      trails,
      commands: new TrailCommands({ trails, place, newestEvent }),
      delivery: this.delivery,
      place,
      outside: settings.outside,
      keyFor: (...of) => keys.keyFor(...of),
      showsFailedLogins: settings.showsFailedLogins,
      lookupsPerSecondMax: settings.lookupsPerSecondMax,
    };
    this.audit = { head, state };
    this.s3 = { trails, objects, region: place.region, openDataKey: keys.open };
  }

  /** The audit event of a time stamp, which contains all that its verification needs. */
  #stampEntries({ head, hash, reply }: StampedHead): Entry[] {
    const { trail, place, clock, random } = this.#environment;
    const atMs = clock.nowMs();
    const event = serviceEventRecord({
      ...place,
      eventId: random.uuid(),
      atMs,
      eventSource: 'waxwing.local',
      eventName: 'AnchorTrail',
      resources: [],
      details: { head, sha256: hash.toString('hex'), timeStampReply: reply.toString('base64') },
    });
    return trail.chain(event, atMs);
  }

  /** Delivers what is due, and archives and drops older events. Call it every second. */
  tick(nowMs: number): void {
    this.delivery.tick(nowMs);
    this.anchor?.tick(nowMs);
    if (this.#work === undefined && nowMs >= this.#archiveAtMs) {
      this.#archiveAtMs = nowMs + archiveEveryMs;
      this.#work = this.upkeep(nowMs)
        .catch((error: unknown) => this.#environment.archivingFailed(error))
        .finally(() => {
          this.#work = undefined;
        });
    }
    if (nowMs < this.#dropAtMs) return;
    this.#dropAtMs = nowMs + dropEveryMs;
    this.#environment.store().dropBefore(serviceTimeline, nowMs - keptMs);
  }

  /** Archives older events, drops old ones, and reads new ones for lookups. */
  async upkeep(nowMs: number): Promise<void> {
    await this.#archiver.run(nowMs - keptMs);
    await this.#history.catchUp();
  }

  /** Waits for the work in progress and starts no other. */
  async close(): Promise<void> {
    this.#archiveAtMs = Infinity;
    await this.delivery.close();
    await this.#work;
    await this.#archives.close();
  }
}
