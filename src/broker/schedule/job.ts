import { wholeText } from '../../base/bytes.ts';
import { BrokerError } from '../errors.ts';
import { expiryMsMax } from '../queue-options.ts';
import { CronTimes } from './cron.ts';

/** When a message is to be delivered: at once after a delay, repeatedly, or at the times of a cron entry. */
export interface Timing {
  /** Milliseconds before the first delivery, 0 to 315 360 000 000 (ten years). */
  readonly delayMs: number;
  /** Milliseconds between deliveries, in the same range; also the first delay where `delayMs` is 0. */
  readonly periodMs: number;
  /** Deliveries after the first one. */
  readonly repeatCount: number;
  /**
   * Five fields in UTC (see {@link CronTimes}). Without repeats the message is delivered at each match
   * for ever; with repeats each match begins a run of them.
   */
  readonly cron?: string;
}

/** What is left to be done for a message that is delivered more than once, or to one queue only. */
export interface Job {
  readonly dueMs: number;
  readonly periodMs: number;
  /** Deliveries after the next one. */
  readonly leftCount: number;
  readonly cron?: string;
  /** What each match of the cron entry begins. */
  readonly run?: Timing;
  /** The queue that alone gets the message (delayed retry). */
  readonly queue?: string;
  /** Failed deliveries of the message so far (delayed retry). */
  readonly failedCount?: number;
}

/** A job as the log keeps it; the last change of an id counts. */
export interface JobChange {
  readonly kind: 'job';
  readonly vhost: string;
  readonly id: number;
  readonly job: Job;
}

/** Requires a timing to be within its ranges: {@link BrokerError} `precondition-failed` otherwise. */
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
 * The first time of a timing that has no cron entry, and the job where it is delivered more than once.
 *
 * @returns wall milliseconds, and undefined where nothing must be remembered after the first delivery
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
 * The job after a delivery; undefined where that was the last. A job that missed several times, since
 * the broker was not running, has made up for them with one delivery.
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
