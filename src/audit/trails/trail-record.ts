// The record of a trail, which delivers events to files.

import type { AdvancedEventSelector, EventSelector } from './event-selectors.ts';

/** A trail: which events it delivers, where to, and how far it has come. */
export interface TrailRecord extends TrailSettings {
  /** 3 to 128 characters; fixed. */
  readonly name: string;
  readonly createdMs: number;
  readonly isLogging: boolean;
  /** The last StartLogging and StopLogging, milliseconds since 1970. */
  readonly startedMs?: number;
  readonly stoppedMs?: number;
  /**
   * The number of the last StopLogging's event, up to which events are delivered; undefined before
   * the first one.
   */
  readonly stoppedAt?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Either kind of selectors; never both. */
  readonly selectors: readonly EventSelector[];
  readonly advancedSelectors: readonly AdvancedEventSelector[];
  /** How events are selected that were recorded before the last change and not delivered until then. */
  readonly earlier?: EarlierSelection;
  readonly delivery: DeliveryState;
}

/** Which events a trail delivers. */
export interface Selection {
  readonly selectors: readonly EventSelector[];
  readonly advancedSelectors: readonly AdvancedEventSelector[];
  readonly includesGlobalEvents: boolean;
}

/** The selection for events up to a number. */
export interface EarlierSelection {
  readonly through: number;
  /** Undefined if it has changed more than once: then all events are delivered. */
  readonly selection?: Selection;
}

/** What CreateTrail and UpdateTrail set. */
export interface TrailSettings {
  readonly bucket: string;
  /** Without a slash at its end; empty if there is none. */
  readonly prefix: string;
  /** The ARN of the KMS key under which the files are sealed. */
  readonly kmsKeyArn?: string;
  readonly includesGlobalEvents: boolean;
  readonly isMultiRegion: boolean;
  /** Whether digest files are written. */
  readonly hasValidation: boolean;
  readonly isRecursive?: boolean;
}

/** What UpdateTrail changes. */
export interface TrailSettingsChange extends Partial<TrailSettings> {
  /** Whether files are no longer sealed under a KMS key. */
  readonly removesKey?: boolean;
}

/** A trail with changed settings. */
export function withSettings(
  before: TrailRecord,
  { removesKey = false, ...settings }: TrailSettingsChange,
): TrailRecord {
  const { kmsKeyArn: _key, ...others } = before;
  return { ...(removesKey ? others : before), ...settings };
}

/** Whether a stopped trail has not yet delivered all events up to its stop. */
export function hasEventsBeforeStop({ isLogging, stoppedAt = 0, delivery }: TrailRecord): boolean {
  return !isLogging && delivery.through < stoppedAt;
}

/** The number of the last event that a trail delivers at present. */
export function lastEventOf({ isLogging, stoppedAt = 0 }: TrailRecord, newest: number): number {
  return isLogging ? newest : Math.min(newest, stoppedAt);
}

/** How far a trail has delivered. */
export interface DeliveryState {
  /** The number of the last event that was delivered, or that the trail does not deliver. */
  readonly through: number;
  /** Log files since the last digest, oldest first. */
  readonly files: readonly DeliveredFile[];
  /** A log file that is being written. It is written again after a crash. */
  readonly pendingFile?: PendingFile;
  /** A digest that is being written. It is written again after a crash. */
  readonly pendingDigest?: PendingDigest;
  readonly digest?: DeliveredDigest;
  /** The end of the time that the last digest covers; the beginning of the next one. */
  readonly digestedMs: number;
  readonly deliveredMs?: number;
}

/** A log file that was delivered. */
export interface DeliveredFile {
  readonly bucket: string;
  readonly key: string;
  /** SHA-256 of the uncompressed file, 64 hexadecimal digits. */
  readonly hash: string;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly newestEventTime: string;
  readonly oldestEventTime: string;
}

/** A log file that is being written: where, and the events that it covers. */
export interface PendingFile {
  readonly bucket: string;
  readonly key: string;
  /** The number of the last event before its events, and of its last event. */
  readonly after: number;
  readonly through: number;
}

/** A digest that is being written: where, and the time that it covers. */
export interface PendingDigest {
  readonly bucket: string;
  readonly key: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly fingerprint: string;
}

/** The newest digest of a trail, to which the next one refers. */
export interface DeliveredDigest {
  readonly bucket: string;
  readonly key: string;
  /** SHA-256 of the uncompressed file, 64 hexadecimal digits. */
  readonly hash: string;
  /** Hexadecimal digits. */
  readonly signature: string;
  readonly endMs: number;
  /** The number of log files that the trail has delivered in all digests so far. */
  readonly fileCount: number;
}

/**
 * A trail that selects the events up to the newest one as before, whatever changes next. Otherwise, a
 * change after a failed delivery would hide what was recorded before it.
 */
export function withEarlierSelection(trail: TrailRecord, newest: number): TrailRecord {
  const { earlier: before, ...others } = trail;
  const { selectors, advancedSelectors, includesGlobalEvents, delivery } = trail;
  const last = lastEventOf(trail, newest);
  if (delivery.through >= last) return others;
  const isFirst = before === undefined || before.through <= delivery.through;
  const selection = { selectors, advancedSelectors, includesGlobalEvents };
  return { ...others, earlier: { through: last, ...(isFirst && { selection }) } };
}

/** How a trail selects the event with a number; undefined if it delivers all events there. */
export function selectionOf(trail: TrailRecord, number: number): Selection | undefined {
  const { earlier } = trail;
  return earlier !== undefined && number <= earlier.through ? earlier.selection : trail;
}
