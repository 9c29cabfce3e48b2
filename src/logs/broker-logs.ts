import type { Clock } from '../base/clock.ts';
import { Log } from '../storage/log.ts';
import { StateStore } from '../storage/state-store.ts';
import type { TimelineRange } from '../storage/timeline.ts';
import type { Volume } from '../storage/volume.ts';
import { decodeLine, encodeLine, type LogLine } from './log-line.ts';

/** The timeline that holds the lines of all brokers. */
export const logTimeline = 'broker-logs';

/** How much is kept of the logs of all brokers, and how much may wait to be written. */
export const brokerLogLimits = {
  /** Milliseconds that a line is kept. */
  keptMs: 24 * 3600 * 1000,
  /** Lines kept: where they lie takes 24 bytes of memory each. */
  lineCountMax: 200_000,
  /** Segments kept, of a mebibyte each. */
  segmentCountMax: 128,
  /** Lines that wait to be written; what comes beyond is dropped and counted. */
  waitingCountMax: 4096,
} as const;

const segmentBytes = 1024 * 1024;
const cacheBytes = 512 * 1024;
/** Milliseconds between the first line that waits and the write. */
const flushMs = 200;

/** Which mount of its volume a log is opened as; see docs/formats/volume.md. */
export interface LogsMount {
  readonly epoch: number;
  readonly epochMin: number;
}

/** What the broker logs work with. */
export interface BrokerLogsParts {
  readonly clock: Clock;
  /** Told once when lines cannot be written any more: the lines that follow are not kept. */
  readonly failed: (error: Error) => void;
}

/**
 * The logs of brokers, in a volume of their own: lines found by time, kept for a day. The audit
 * trail, which is kept for months in the system volume, thus keeps no segment with log lines.
 *
 * Lines are written in batches. They are taken before the volume is open, and wait for it.
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
   * Recovers what the volume holds; it is the logs' to close.
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

  /** Takes a line; the time is now. */
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

  /** Writes what waits; resolves once it is synced. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    const last = lines.at(-1);
    if (last === undefined || this.#hasFailed) return;
    if (this.#droppedCount > 0) {
      const text = `${this.#droppedCount} lines of brokers' logs came too fast and were dropped`;
      lines.push({ ...last, level: 'warn', text });
      this.#droppedCount = 0;
    }
    await this.#store.commit(
      lines.map((line) => ({ timeline: logTimeline, atMs: line.atMs, bytes: encodeLine(line) })),
    );
  }

  /** Lines of a time range. */
  async *read(range: TimelineRange): AsyncGenerator<LogLine> {
    for await (const { atMs, bytes } of this.#store.readTimeline(logTimeline, range)) {
      yield decodeLine(atMs, bytes);
    }
  }

  /** Drops the lines that are too old or too many, in whole segments; to be called now and then. */
  dropOld(): void {
    if (this.#volume === undefined || this.#hasFailed) return;
    const { keptMs, lineCountMax, segmentCountMax } = brokerLogLimits;
    this.#store.dropBefore(logTimeline, this.#parts.clock.nowMs() - keptMs);
    this.#store.keepAtMost(logTimeline, lineCountMax, segmentCountMax);
  }

  /** Writes what waits and closes the volume. */
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
