// The log groups: their names, and the settings that users make.

import type { Entry, Journal } from '../storage/journal.ts';
import { logCategories, type StreamCategory } from './store/log-line.ts';

const dayMs = 24 * 3600 * 1000;

/** The allowed retentions of a log group, days. */
export const retentionDaysAllowed: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
];

/** The settings of a log group. */
export interface LogGroupSettings {
  /** Undefined if lines do not expire. */
  readonly retentionDays?: number | undefined;
  readonly tags?: Readonly<Record<string, string>>;
  /** Lines before this time were deleted with their group; milliseconds since 1970. */
  readonly clearedMs?: number;
  /** When a caller created the group; milliseconds since 1970. It then exists until it is deleted. */
  readonly createdMs?: number;
}

/** Maximum number of log groups that callers have created. */
export const createdGroupCountMax = 1000;

/** A change of the journal: the new settings of a group. */
export interface LogGroupChange {
  readonly group: string;
  readonly settings: LogGroupSettings;
}

/** A log group of a broker. */
export interface LogGroupId {
  readonly brokerId: string;
  readonly category: StreamCategory;
}

/** The name of a log group: `/aws/amazonmq/broker/b-…/general`. */
export function logGroupName({ brokerId, category }: LogGroupId): string {
  return `/aws/amazonmq/broker/${brokerId}/${category}`;
}

/** The broker and log that a log group's name stands for; undefined if it is not a broker's. */
export function parseLogGroupName(name: string): LogGroupId | undefined {
  const [, brokerId = '', category = ''] =
    /^\/aws\/amazonmq\/broker\/(b-[0-9a-f-]{36})\/([a-z]+)$/.exec(name) ?? [];
  const found = logCategories.find((each) => each === category);
  return found === undefined ? undefined : { brokerId, category: found };
}

/** The settings of the log groups, stored in a journal. Groups without settings have no entry. */
export class LogGroups implements Journal<LogGroupChange> {
  readonly name = 'log-groups';
  readonly #settings = new Map<string, LogGroupSettings>();

  apply({ group, settings }: LogGroupChange): void {
    if (Object.keys(settings).length === 0) this.#settings.delete(group);
    else this.#settings.set(group, settings);
  }

  *snapshot(): Iterable<LogGroupChange> {
    for (const [group, settings] of this.#settings) yield { group, settings };
  }

  /** The settings of a group. */
  settings(group: string): LogGroupSettings {
    return this.#settings.get(group) ?? {};
  }

  /** The groups that callers have created, with the time of it in milliseconds since 1970. */
  *created(): Iterable<{ readonly name: string; readonly createdMs: number }> {
    for (const [name, { createdMs }] of this.#settings) {
      if (createdMs !== undefined) yield { name, createdMs };
    }
  }

  /** The time of the oldest lines of a group that have not expired, milliseconds since 1970. */
  keptFromMs(id: LogGroupId, nowMs: number): number {
    const { retentionDays, clearedMs = 0 } = this.settings(logGroupName(id));
    return Math.max(clearedMs, retentionDays === undefined ? 0 : nowMs - retentionDays * dayMs);
  }

  /** A change of this journal that is ready to be committed. */
  entry(change: LogGroupChange): Extract<Entry, { journal: string }> {
    return { journal: this.name, change };
  }
}
