// Samples on disk, in three resolutions.

import type { BrokerLogs } from '../logs/broker-logs.ts';
import type { StreamName } from '../logs/store/log-line.ts';
import type { StreamLines } from '../logs/store/stream-lines.ts';
import { decodeSample, encodeSample, groupsMax, type Sample, SampleJoin } from './sample.ts';

const dayMs = 24 * 3600 * 1000;

/** The periods of samples, seconds, and how long they are kept, as in CloudWatch. */
export const resolutions = [
  { seconds: 60, keptMs: 15 * dayMs },
  { seconds: 300, keptMs: 63 * dayMs },
  { seconds: 3600, keptMs: 455 * dayMs },
] as const;

/** One of the periods of {@link resolutions}. */
export type ResolutionSeconds = (typeof resolutions)[number]['seconds'];

/** Limits of the stored samples. */
export const metricStoreLimits = {
  /** Maximum size of all samples, bytes. The oldest ones of the largest resolution are dropped. */
  bytesMax: 128 * 1024 * 1024,
} as const;

/** A sample with the beginning of its period, milliseconds since 1970. */
export interface TimedSample {
  readonly atMs: number;
  readonly sample: Sample;
}

/**
 * Stores samples in the volume of the broker logs. Every five minutes and every hour, the samples of
 * the next finer resolution are joined. A period is joined only once, also across restarts.
 */
export class MetricStore {
  readonly #logs: BrokerLogs;

  constructor(logs: BrokerLogs) {
    this.#logs = logs;
  }

  /**
   * Stores a sample of a minute, and joins the periods that are complete. Resolves when they are on
   * disk. If the logs cannot be written, nothing is stored.
   *
   * @param atMs the beginning of the minute, milliseconds since 1970
   * @param nowMs milliseconds since 1970
   */
  async add(atMs: number, sample: Sample, nowMs: number): Promise<void> {
    if (!this.#logs.isUsable) return;
    // After the clock was set back, earlier periods get no further samples.
    if (atMs < (this.#lines(60)?.newestMs ?? 0)) return;
    await this.#append(60, atMs, sample);
    await this.#join(300, 60, nowMs);
    await this.#join(3600, 300, nowMs);
    if (!this.#logs.isUsable) return;
    this.#drop(atMs);
    await this.#logs.store.synced();
  }

  async #append(seconds: ResolutionSeconds, atMs: number, sample: Sample): Promise<void> {
    const bytes = await encodeSample(sample);
    if (this.#logs.isUsable) this.#logs.store.append(streamOf(seconds), atMs, 'info', bytes);
  }

  /** Joins the complete periods that are not joined yet and have samples. */
  async #join(seconds: ResolutionSeconds, finer: ResolutionSeconds, nowMs: number): Promise<void> {
    const periodMs = seconds * 1000;
    const untilMs = Math.floor(nowMs / periodMs) * periodMs;
    const doneMs = (this.#lines(seconds)?.newestMs ?? -Infinity) + periodMs;
    const fine = this.#lines(finer);
    if (fine?.oldestMs === undefined) return;
    // After a time without samples, only periods with samples are joined.
    let fromMs = Math.max(doneMs, Math.floor(fine.oldestMs / periodMs) * periodMs);
    while (fromMs < untilMs) {
      const whole = new SampleJoin(groupsMax);
      for await (const { sample } of this.read(finer, fromMs, fromMs + periodMs)) whole.add(sample);
      if (whole.sample.size > 0) await this.#append(seconds, fromMs, whole.sample);
      const next = fine.indexAtTime(fromMs + periodMs);
      if (next >= fine.count) return;
      fromMs = Math.floor(fine.timeAt(next) / periodMs) * periodMs;
    }
  }

  #drop(nowMs: number): void {
    const { store } = this.#logs;
    for (const { seconds, keptMs } of resolutions) {
      const lines = this.#lines(seconds);
      if (lines !== undefined) store.drop(lines, (atMs) => atMs < nowMs - keptMs);
    }
    for (;;) {
      const all = resolutions.flatMap(({ seconds }) => this.#lines(seconds) ?? []);
      const bytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      if (bytes <= metricStoreLimits.bytesMax) return;
      const largest = all.reduce((a, b) => (a.sizeBytes > b.sizeBytes ? a : b));
      let left = Math.ceil(largest.count / 10);
      if (store.drop(largest, () => left-- > 0) === 0) return;
    }
  }

  #lines(seconds: ResolutionSeconds): StreamLines | undefined {
    return this.#logs.store.get(streamOf(seconds));
  }

  /** The end of the newest sample of a resolution, milliseconds since 1970; undefined if none. */
  endMs(seconds: ResolutionSeconds): number | undefined {
    const newestMs = this.#lines(seconds)?.newestMs;
    return newestMs === undefined ? undefined : newestMs + seconds * 1000;
  }

  /**
   * Reads the samples whose periods begin in a time, oldest first. Other work has its turn between two
   * of them.
   *
   * @param fromMs inclusive, milliseconds since 1970
   * @param toMs exclusive
   */
  async *read(
    seconds: ResolutionSeconds,
    fromMs: number,
    toMs: number,
  ): AsyncGenerator<TimedSample> {
    const lines = this.#lines(seconds);
    if (lines === undefined) return;
    for (let next = 0; ; ) {
      // Samples may be dropped or added between two reads.
      const index = Math.max(lines.indexAtTime(fromMs), lines.indexAtSequence(next));
      if (index >= lines.count || lines.timeAt(index) >= toMs) return;
      const { atMs, sequence } = lines.place(index);
      const bytes = await this.#logs.store.readBytes(lines, index);
      if (bytes !== undefined) yield { atMs, sample: await decodeSample(bytes) };
      next = sequence + 1;
    }
  }
}

function streamOf(seconds: ResolutionSeconds): StreamName {
  return { brokerId: 'service', category: 'metrics', stream: String(seconds) };
}
