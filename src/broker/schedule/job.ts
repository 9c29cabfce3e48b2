// The delivery times of scheduled messages.

import { wholeText } from '../../base/bytes.ts';
import { BrokerError } from '../errors.ts';
import { expiryMsMax } from '../queue-options.ts';
import { CronTimes } from './cron.ts';

/** The delivery times of a message: after a delay, repeatedly, or at the times of a cron entry. */
export interface Timing {
  /** The delay of the first delivery, 0 to 315 360 000 000 ms (ten years). */
  readonly delayMs: number;
  /** The interval of deliveries, with the same range. Also the first delay if `delayMs` is 0. */
  readonly periodMs: number;
  /** The number of deliveries after the first. */
  readonly repeatCount: number;
  /**
   * Five fields in UTC (see {@link CronTimes}). Without repeats, the message is delivered at each
   * match. With repeats, each match starts a series of deliveries.
   */
  readonly cron?: string;
}

/** The remaining deliveries of a message with more than one delivery, or for one queue only. */
export interface Job {
  readonly dueMs: number;
  readonly periodMs: number;
  /** The number of deliveries after the next one. */
  readonly leftCount: number;
  readonly cron?: string;
  /** The series that each match of the cron entry starts. */
  readonly run?: Timing;
  /** The only queue that receives the message (delayed retry). */
  readonly queue?: string;
  /** Failed deliveries of the message so far (delayed retry). */
  readonly failedCount?: number;
  /** The delay, milliseconds (delayed retry). */
  readonly delayMs?: number;
}

/** A job, as stored in the log. The last change of an id applies. */
export interface JobChange {
  readonly kind: 'job';
  readonly vhost: string;
  readonly id: number;
  readonly job: Job;
}

/** Checks the ranges of a timing. @throws {BrokerError} `precondition-failed` */
export function checkTiming(timing: Timing, repeatCountMax: number): void {
  checkMs('delay', timing.delayMs);
  checkMs('period', timing.periodMs);
  const { repeatCount } = timing;
  if (!Number.isSafeInteger(repeatCount) || repeatCount < 0 || repeatCount > repeatCountMax) {
    refuse(`repeat count ${wholeText(repeatCount)}: 0 to ${repeatCountMax} are allowed`);
  }
  if (repeatCount > 0 && timing.periodMs === 0 && timing.delayMs === 0) {
    refuse(`${repeatCount} repeats need a period above 0 ms`);
  }
}

function checkMs(what: string, ms: number): void {
  if (Number.isSafeInteger(ms) && ms >= 0 && ms <= expiryMsMax) return;
  refuse(`${what} of ${wholeText(ms)} ms: 0 to ${expiryMsMax} are allowed`);
}

function refuse(why: string): never {
  throw new BrokerError('precondition-failed', `message cannot be scheduled: ${why}`);
}

/**
 * Returns the time of the first delivery, milliseconds since 1970, and the job; undefined if there
 * is only one delivery.
 */
export function begin(timing: Timing, nowMs: number): { dueMs: number; job: Job | undefined } {
  const { delayMs, periodMs, repeatCount, cron } = timing;
  const startMs = delayMs > 0 ? delayMs : periodMs;
  if (cron === undefined) {
    const dueMs = nowMs + startMs;
    const job = { dueMs, periodMs: periodMs > 0 ? periodMs : delayMs, leftCount: repeatCount };
    return { dueMs, job: repeatCount > 0 ? job : undefined };
  }
  const matchMs = new CronTimes(cron).after(nowMs);
  if (repeatCount === 0) {
    const dueMs = matchMs + startMs;
    return { dueMs, job: { dueMs, periodMs: 0, leftCount: 0, cron } };
  }
  const run = { delayMs, periodMs, repeatCount };
  return { dueMs: matchMs, job: { dueMs: matchMs, periodMs: 0, leftCount: 0, cron, run } };
}

/**
 * Returns the job after a delivery; undefined if that was the last one. Deliveries that were missed
 * because the broker was not running are replaced by one delivery.
 */
export function following(job: Job, nowMs: number): Job | undefined {
  if (job.cron !== undefined) {
    const dueMs = new CronTimes(job.cron).after(Math.max(nowMs, job.dueMs));
    return dueMs === Infinity ? undefined : { ...job, dueMs };
  }
  if (job.leftCount === 0) return undefined;
  const missedCount = Math.max(0, Math.floor((nowMs - job.dueMs) / job.periodMs));
  const dueMs = job.dueMs + (missedCount + 1) * job.periodMs;
  return { ...job, dueMs, leftCount: job.leftCount - 1 };
}
