// The commands that change trails.

import { AuditError } from '../errors.ts';
import {
  type AdvancedEventSelector,
  checkAdvancedSelectors,
  checkSelectors,
  defaultSelectors,
  type EventSelector,
} from './event-selectors.ts';
import {
  hasEventsBeforeStop,
  type TrailRecord,
  type TrailSettings,
  type TrailSettingsChange,
  withEarlierSelection,
  withSettings,
} from './trail-record.ts';
import {
  checkTrailName,
  nameOf,
  type Trails,
  type TrailsChange,
  type TrailsPlace,
} from './trails.ts';

/** The limits of trails. */
export const trailLimits = { countMax: 5, tagCountMax: 50 } as const;

/** A trail after a command, and the changes to commit. */
export interface TrailResult {
  readonly trail: TrailRecord;
  readonly changes: readonly TrailsChange[];
}

/** The parts that the commands need. */
export interface TrailCommandsParts {
  readonly trails: Trails;
  readonly place: TrailsPlace;
  /** The number of the newest event. */
  readonly newestEvent: () => number;
}

/** Creates, changes, starts and stops trails. Nothing is changed until the changes are committed. */
export class TrailCommands {
  readonly #parts: TrailCommandsParts;

  constructor(parts: TrailCommandsParts) {
    this.#parts = parts;
  }

  /** @throws {AuditError} `trail-exists`, `too-many-trails`, and the errors of names and tags */
  create(
    name: string,
    settings: TrailSettings,
    tags: Readonly<Record<string, string>>,
    nowMs: number,
  ): TrailResult {
    const { trails, place } = this.#parts;
    checkTrailName(name);
    checkPlace(settings);
    checkTags(tags);
    if (trails.get(name) !== undefined) {
      const text = `Trail ${name} already exists for customer: ${place.accountId}`;
      throw new AuditError('trail-exists', text);
    }
    if (trails.all().length >= trailLimits.countMax) {
      const text = `User: ${place.accountId} already has ${trailLimits.countMax} trails in ${place.region}.`;
      throw new AuditError('too-many-trails', text);
    }
    return this.#put({
      ...settings,
      name,
      createdMs: nowMs,
      isLogging: false,
      tags,
      selectors: defaultSelectors,
      advancedSelectors: [],
      delivery: { through: this.#parts.newestEvent(), files: [], digestedMs: nowMs },
    });
  }

  /** Changes the given settings. */
  update(nameOrArn: string, change: TrailSettingsChange, nowMs: number): TrailResult {
    const before = this.find(nameOrArn);
    const isSelecting =
      (change.includesGlobalEvents ?? before.includesGlobalEvents) !== before.includesGlobalEvents;
    const kept = isSelecting ? withEarlierSelection(before, this.#parts.newestEvent()) : before;
    const trail = withSettings(kept, change);
    checkPlace(trail);
    if (before.hasValidation || !trail.hasValidation) return this.#put(trail);
    // What was delivered without validation is in no digest.
    const { digest: _broken, ...delivery } = before.delivery;
    return this.#put({ ...trail, delivery: { ...delivery, files: [], digestedMs: nowMs } });
  }

  /** Deletes a trail. Its files stay. */
  delete(nameOrArn: string): TrailResult {
    const trail = this.find(nameOrArn);
    return { trail, changes: [{ delete: 'trail', name: trail.name }] };
  }

  /**
   * Starts logging with the next event. If events from before the stop could not be delivered yet, it
   * starts with those, and none in between is left out.
   */
  start(nameOrArn: string, nowMs: number): TrailResult {
    const trail = this.find(nameOrArn);
    if (trail.isLogging) return { trail, changes: [] };
    const delivery = {
      ...trail.delivery,
      ...(!hasEventsBeforeStop(trail) && { through: this.#parts.newestEvent() }),
      // A digest that is due still covers files from before the stop.
      ...(trail.delivery.files.length === 0 && { digestedMs: nowMs }),
    };
    return this.#put({ ...trail, isLogging: true, startedMs: nowMs, delivery });
  }

  /**
   * Stops logging after the next event. This is the one of StopLogging, which is recorded in the same
   * batch, so that the files tell who stopped the trail.
   */
  stop(nameOrArn: string, nowMs: number): TrailResult {
    const trail = this.find(nameOrArn);
    if (!trail.isLogging) return { trail, changes: [] };
    const stoppedAt = this.#parts.newestEvent() + 1;
    return this.#put({ ...trail, isLogging: false, stoppedMs: nowMs, stoppedAt });
  }

  /** @throws {AuditError} `invalid-event-selectors` */
  setSelectors(
    nameOrArn: string,
    selectors: readonly EventSelector[],
    advancedSelectors: readonly AdvancedEventSelector[],
  ): TrailResult {
    const trail = this.find(nameOrArn);
    if ((selectors.length === 0) === (advancedSelectors.length === 0)) {
      throw new AuditError(
        'invalid-event-selectors',
        'Invalid event selectors: either EventSelectors or AdvancedEventSelectors must be given.',
      );
    }
    checkSelectors(selectors);
    checkAdvancedSelectors(advancedSelectors);
    const kept = withEarlierSelection(trail, this.#parts.newestEvent());
    return this.#put({ ...kept, selectors, advancedSelectors });
  }

  /** @throws {AuditError} `invalid-tags`, `too-many-tags` */
  addTags(arn: string, added: Readonly<Record<string, string>>): TrailResult {
    const trail = this.find(arn);
    const tags = { ...trail.tags, ...added };
    checkTags(tags);
    return this.#put({ ...trail, tags });
  }

  removeTags(arn: string, keys: readonly string[]): TrailResult {
    const trail = this.find(arn);
    const left = Object.entries(trail.tags).filter(([key]) => !keys.includes(key));
    return this.#put({ ...trail, tags: Object.fromEntries(left) });
  }

  /** @throws {AuditError} `trail-not-found`, `invalid-trail-name`, `invalid-trail-arn` */
  find(nameOrArn: string): TrailRecord {
    return this.#parts.trails.require(nameOrArn, this.#parts.place);
  }

  /** The trail with a name or ARN, if there is one. Does not throw. */
  known(nameOrArn: string): TrailRecord | undefined {
    try {
      return this.#parts.trails.get(nameOf(nameOrArn, this.#parts.place) ?? '');
    } catch {
      return undefined;
    }
  }

  #put(trail: TrailRecord): TrailResult {
    const { trails } = this.#parts;
    const put: TrailsChange = { put: 'trail', trail };
    const isNewBucket = !trails.hasBucket(trail.bucket);
    return { trail, changes: [...(isNewBucket ? [bucketOf(trail)] : []), put] };
  }
}

function bucketOf({ bucket }: TrailRecord): TrailsChange {
  return { put: 'bucket', name: bucket };
}

function checkPlace({ bucket, prefix }: TrailSettings): void {
  const isName = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && !/[.-]{2}/.test(bucket);
  if (!isName || /^\d{1,3}(\.\d{1,3}){3}$/.test(bucket)) {
    throw new AuditError('invalid-bucket-name', `Bucket name ${bucket} is not valid.`);
  }
  if (prefix === '') return;
  const isPrefix =
    prefix.length <= 200 &&
    prefix.split('/').every((segment) => /^[\w!*'()-][\w.!*'()-]*$/.test(segment)) &&
    !prefix.endsWith('.json.gz');
  if (!isPrefix) {
    const allowed =
      "at most 200 letters, digits and !-_.*'() in segments that do not begin with a full stop";
    throw new AuditError(
      'invalid-prefix',
      `Prefix ${prefix} is not valid; allowed are ${allowed}.`,
    );
  }
}

function checkTags(tags: Readonly<Record<string, string>>): void {
  const keys = Object.keys(tags);
  if (keys.length > trailLimits.tagCountMax) {
    const text = `The trail would have ${keys.length} tags; at most ${trailLimits.tagCountMax} are allowed.`;
    throw new AuditError('too-many-tags', text);
  }
  if (keys.some((key) => /^aws:/i.test(key))) {
    throw new AuditError('invalid-tags', 'Tag keys must not begin with aws:.');
  }
}
