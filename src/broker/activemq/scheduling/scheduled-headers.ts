// The headers that schedule a message.

import { BrokerError } from '../../errors.ts';
import { CronTimes } from '../../schedule/cron.ts';
import type { Timing } from '../../schedule/job.ts';

/** The headers of a sender that schedule a message. They are removed when it is delivered. */
export const scheduledHeaders = {
  /** The delay of the first delivery, milliseconds. */
  delay: 'AMQ_SCHEDULED_DELAY',
  /** The interval of further deliveries, milliseconds. */
  period: 'AMQ_SCHEDULED_PERIOD',
  /** The number of deliveries after the first. */
  repeat: 'AMQ_SCHEDULED_REPEAT',
  /** Five fields in UTC: minute, hour, day of month, month, day of week. */
  cron: 'AMQ_SCHEDULED_CRON',
} as const;

/** The names of {@link scheduledHeaders}. */
export const scheduledHeaderNames: ReadonlySet<string> = new Set(Object.values(scheduledHeaders));

/** The header of a delivered message that was scheduled or redelivered by the broker. */
export const scheduledJobIdHeader = 'scheduledJobId';

const idPrefix = 'ID:schedule:';

/** Returns the id of an entry of the schedule as clients see it. */
export function scheduledJobId(id: number): string {
  return idPrefix + id;
}

/** The inverse of {@link scheduledJobId}; undefined if the text is no such id. */
export function parseScheduledJobId(text: string): number | undefined {
  const digits = text.startsWith(idPrefix) ? text.slice(idPrefix.length) : '';
  return /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}

/** A message cannot be scheduled. Clients of ActiveMQ check the class of the exception. */
export class InvalidSchedule extends BrokerError {
  /** Whether the cron entry is invalid, which is an `IllegalArgumentException`. */
  readonly isCron: boolean;

  constructor(message: string, isCron: boolean, options?: ErrorOptions) {
    super('precondition-failed', message, options);
    this.isCron = isCron;
  }
}

/** The value of a header: text, or a number of any type. */
export type HeaderValue = string | number | bigint | undefined;

/**
 * Reads when a message is to be delivered. Numbers may be text.
 *
 * @param header returns the value of a header by its name
 * @param repeatCountMax maximum number of deliveries after the first
 * @returns undefined if the message is not scheduled
 * @throws {InvalidSchedule} for a value that is out of range
 */
export function readTiming(
  header: (name: string) => HeaderValue,
  repeatCountMax: number,
): Timing | undefined {
  const { delay, period, repeat, cron } = scheduledHeaders;
  const cronText = String(header(cron) ?? '').trim();
  const isWanted = cronText !== '' || header(delay) !== undefined || header(period) !== undefined;
  // A delivered message that is sent on is not scheduled again.
  if (!isWanted || header(scheduledJobIdHeader) !== undefined) return undefined;
  const delayMs = readCount(delay, header(delay));
  const periodMs = readCount(period, header(period));
  const repeatCount = readCount(repeat, header(repeat));
  if (repeatCount > repeatCountMax) {
    throw new InvalidSchedule('The scheduled repeat value is too large', false);
  }
  // Deliveries without an interval follow each other at once.
  const intervalMs = repeatCount > 0 && delayMs === 0 ? Math.max(periodMs, 1) : periodMs;
  const timing = { delayMs, periodMs: intervalMs, repeatCount };
  if (cronText === '') return timing;
  return { ...timing, cron: requireCron(cronText) };
}

function requireCron(text: string): string {
  try {
    return new CronTimes(text).text;
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    throw new InvalidSchedule(error.message, true, { cause: error });
  }
}

function readCount(name: string, value: HeaderValue): number {
  if (value === undefined) return 0;
  const text = String(value).trim();
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const allowed = 'a whole number of at least 0 is allowed';
  throw new InvalidSchedule(`${name} is '${text.slice(0, 40)}'; ${allowed}`, false);
}
