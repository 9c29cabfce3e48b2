// The logs of all brokers, stored in a volume of their own.

import type { Clock } from '../base/clock.ts';
import { Log } from '../storage/log.ts';
import { StateStore } from '../storage/state-store.ts';
import type { TimelineRange } from '../storage/timeline.ts';
import type { Volume } from '../storage/volume.ts';
import { decodeLine, encodeLine, type LogLine } from './log-line.ts';

/** The timeline that stores the lines of all brokers. */
export const logTimeline = 'broker-logs';

/** Limits on the stored lines and on lines that wait to be written. */
export const brokerLogLimits = {
  /** Retention time, milliseconds. */
  keptMs: 24 * 3600 * 1000,
  /** Maximum number of stored lines. The position of each takes 24 bytes of memory. */
  lineCountMax: 200_000,
  /** Maximum number of segments, of 1 MiB each. */
  segmentCountMax: 128,
  /** Maximum number of waiting lines. Further lines are dropped and counted. */
  waitingCountMax: 4096,
} as const;

const segmentBytes = 1024 * 1024;
const cacheBytes = 512 * 1024;
/** Milliseconds from the first waiting line to the write. */
const flushMs = 200;

/** The mount of the volume. See docs/formats/volume.md. */
export interface LogsMount {
  readonly epoch: number;
  readonly epochMin: number;
}

/** The parts that the broker logs need. */
export interface BrokerLogsParts {
  readonly clock: Clock;
  /** Called once when lines can no longer be written. Later lines are not stored. */
  readonly failed: (error: Error) => void;
}

/**
 * Stores log lines of brokers for a day, indexed by time. They have their own volume, so that the
 * audit trail, which is kept for months, does not keep segments with log lines on disk. Lines are
 * written in batches. Lines that arrive before the volume is open wait for it.
 */
export class BrokerLogs {
  readonly #parts: BrokerLogsParts;
  readonly #store = new StateStore([], [logTimeline]);
  #waiting: LogLine[] = [];
  #droppedCount = 0;
  #volume: Volume | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #hasFailed = false;

  constructor(parts: BrokerLogsParts) {
    this.#parts = parts;
  }

  /**
   * Recovers the volume, which the logs close later.
   *
   * @throws {StorageError}
   */
  async open(volume: Volume, mount: LogsMount): Promise<void> {
    await Log.open(volume, this.#store, {
      ...mount,
      onDurable: (group) => this.#store.onDurable(group),
      onFailed: (error) => {
        this.#store.onFailed(error);
        this.#fail(error);
      },
      segmentBytes,
      cacheBytes,
      isRecycling: false,
    });
    this.#volume = volume;
    this.dropOld();
    if (this.#waiting.length > 0) this.#flushLater();
  }

  /** Appends a line with the current time. */
  append(brokerId: string, level: LogLine['level'], text: string): void {
    if (this.#hasFailed) return;
    if (this.#waiting.length >= brokerLogLimits.waitingCountMax) {
      this.#droppedCount++;
      return;
    }
    this.#waiting.push({ brokerId, level, text, atMs: this.#parts.clock.nowMs() });
    if (this.#volume !== undefined) this.#flushLater();
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error: Error) => this.#fail(error));
    }, flushMs).unref();
  }

  /** Writes the waiting lines. Resolves once they are synced. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    const last = lines.at(-1);
    if (last === undefined || this.#hasFailed) return;
    if (this.#droppedCount > 0) {
      const text = `${this.#droppedCount} broker log lines were dropped because they arrived too fast`;
      lines.push({ ...last, level: 'warn', text });
      this.#droppedCount = 0;
    }
    await this.#store.commit(
      lines.map((line) => ({ timeline: logTimeline, atMs: line.atMs, bytes: encodeLine(line) })),
    );
  }

  /** Reads the lines in a time range. */
  async *read(range: TimelineRange): AsyncGenerator<LogLine> {
    for await (const { atMs, bytes } of this.#store.readTimeline(logTimeline, range)) {
      yield decodeLine(atMs, bytes);
    }
  }

  /** Drops lines that are too old or too many, in whole segments. Call it regularly. */
  dropOld(): void {
    if (this.#volume === undefined || this.#hasFailed) return;
    const { keptMs, lineCountMax, segmentCountMax } = brokerLogLimits;
    this.#store.dropBefore(logTimeline, this.#parts.clock.nowMs() - keptMs);
    this.#store.keepAtMost(logTimeline, lineCountMax, segmentCountMax);
  }

  /** Writes the waiting lines and closes the volume. */
  async close(): Promise<void> {
    if (this.#volume === undefined) return;
    if (!this.#hasFailed) {
      await this.flush();
      await this.#store.close();
    }
    await this.#volume.close();
  }

  #fail(error: Error): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#waiting = [];
    this.#parts.failed(error);
  }
}
