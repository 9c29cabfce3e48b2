// The logs of all brokers, stored in a volume of their own.

import type { Clock } from '../base/clock.ts';
import { StorageError } from '../storage/errors.ts';
import type { FrozenVolume } from '../storage/frozen/frozen-volume.ts';
import { Log } from '../storage/log.ts';
import type { Volume } from '../storage/volume.ts';
import type { LogGroupId } from './log-groups.ts';
import { LineStore } from './store/line-store.ts';
import { type LineLevel, type LogLine, type StreamName, shortened } from './store/log-line.ts';
import type { StreamLines } from './store/stream-lines.ts';

/** Limits on the stored lines and on lines that wait to be written. */
export const brokerLogLimits = {
  /** Maximum number of stored lines. The position of each takes 28 bytes of memory. */
  lineCountMax: 500_000,
  /** Maximum size of the stored lines, bytes. */
  lineBytesMax: 128 * 1024 * 1024,
  /** Size of the files on disk, with metrics, from which the oldest lines are dropped, bytes. */
  storedBytesMax: 384 * 1024 * 1024,
  /** Maximum number of waiting lines. Further lines are dropped and counted. */
  waitingCountMax: 4096,
  /** Maximum number of waiting lines of one broker. */
  waitingOfBrokerMax: 1024,
} as const;

const segmentBytes = 1024 * 1024;
const cacheBytes = 512 * 1024;
/** Milliseconds from the first waiting line to the write. */
const flushMs = 500;
/** Number of further attempts to remove dropped lines from the disk, one for each check. */
const reclaimCount = 3;
/** The part of a limit to which lines are dropped once it is exceeded. */
const keptPart = 0.9;
/** Milliseconds after which a stream without lines is removed. */
const emptyMs = 24 * 3600 * 1000;

/** The mount of the volume. See docs/formats/volume.md. */
export interface LogsMount {
  readonly epoch: number;
  readonly epochMin: number;
}

/** The parts that the broker logs need. */
export interface BrokerLogsParts {
  readonly clock: Clock;
  /** Returns the time of the oldest lines of a log group that are kept, milliseconds since 1970. */
  readonly keptFromMs: (group: LogGroupId, nowMs: number) => number;
  /** Called once when lines can no longer be written. Later lines are not stored. */
  readonly failed: (error: Error) => void;
  /** Other limits than {@link brokerLogLimits}. */
  readonly limits?: Partial<BrokerLogLimits>;
}

/** The limits of {@link brokerLogLimits}. */
type BrokerLogLimits = { readonly [Name in keyof typeof brokerLogLimits]: number };

type Waiting = Omit<LogLine, 'sequence'>;

/**
 * Stores log lines of brokers. They have their own volume, so that the audit trail, which is kept for
 * months, does not keep segments with log lines on disk. Lines are written in batches. Lines that
 * arrive before the volume is open wait for it.
 */
export class BrokerLogs {
  readonly #parts: BrokerLogsParts;
  readonly #limits: BrokerLogLimits;
  readonly #store = new LineStore();
  #waiting: Waiting[] = [];
  /** The number of waiting lines, and of dropped ones, by broker. */
  readonly #waitingCounts = new Map<string, number>();
  readonly #droppedCounts = new Map<string, { readonly name: StreamName; count: number }>();
  #volume: Volume | undefined = undefined;
  #log: Log | undefined = undefined;
  #timer: NodeJS.Timeout | undefined = undefined;
  #hasFailed = false;
  #reclaimsLeft = 0;

  constructor(parts: BrokerLogsParts) {
    this.#parts = parts;
    this.#limits = { ...brokerLogLimits, ...parts.limits };
  }

  /**
   * Recovers the volume, which the logs close later.
   *
   * @throws {StorageError}
   */
  async open(volume: Volume, mount: LogsMount): Promise<void> {
    this.#log = await Log.open(volume, this.#store, {
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
    this.#store.recovered();
    this.#volume = volume;
    this.dropOld();
    if (this.#waiting.length > 0) this.#flushLater();
  }

  /**
   * Holds the synced files of the volume for a copy.
   *
   * @throws {StorageError} as `Log.freeze`; `freeze-refused` before the volume is open
   */
  async freeze(): Promise<FrozenVolume> {
    if (this.#log !== undefined) return this.#log.freeze();
    throw new StorageError('freeze-refused', 'the volume of the broker logs is not open');
  }

  /** Appends a line with the current time. */
  append(name: StreamName, level: LineLevel, text: string): void {
    if (this.#hasFailed) return;
    const { brokerId, category, stream } = name;
    const count = this.#waitingCounts.get(brokerId) ?? 0;
    const { waitingCountMax, waitingOfBrokerMax } = this.#limits;
    if (count >= waitingOfBrokerMax || this.#waiting.length >= waitingCountMax) {
      const dropped = this.#droppedCounts.get(brokerId);
      if (dropped === undefined) this.#droppedCounts.set(brokerId, { name, count: 1 });
      else dropped.count++;
      return;
    }
    this.#waitingCounts.set(brokerId, count + 1);
    const atMs = this.#parts.clock.nowMs();
    this.#waiting.push({ brokerId, category, stream, level, text: shortened(text), atMs });
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
    this.#waitingCounts.clear();
    if (lines.length === 0 || this.#hasFailed) return;
    for (const line of lines) this.#store.append(line, line.atMs, line.level, line.text);
    const atMs = this.#parts.clock.nowMs();
    for (const { name, count } of this.#droppedCounts.values()) {
      const text = `${count} broker log lines were dropped because they arrived too fast`;
      this.#store.append(name, atMs, 'warn', text);
    }
    this.#droppedCounts.clear();
    this.#keepBounds();
    await this.#store.synced();
  }

  /** The log streams, in no particular order. */
  get streams(): readonly StreamLines[] {
    return [...this.#store.streams].filter(({ category }) => category !== 'metrics');
  }

  /** The store of the lines, for streams of other contents. It can be used once the volume is open. */
  get store(): LineStore {
    return this.#store;
  }

  /** Whether the volume is open and can be written. */
  get isUsable(): boolean {
    return this.#volume !== undefined && !this.#hasFailed;
  }

  /**
   * Reads a line of a stream.
   *
   * @param index from 0 for the oldest line
   * @returns undefined if it was dropped while it was read
   */
  read(lines: StreamLines, index: number): Promise<LogLine | undefined> {
    return this.#store.read(lines, index);
  }

  /** The time of the oldest lines of a log group that have not expired, milliseconds since 1970. */
  keptFromMs(group: LogGroupId): number {
    return this.#parts.keptFromMs(group, this.#parts.clock.nowMs());
  }

  /** Drops lines that have expired, and removes them from the disk. Call it regularly. */
  dropOld(): void {
    if (this.#volume === undefined || this.#hasFailed) return;
    let droppedCount = 0;
    for (const lines of this.streams) {
      const fromMs = this.keptFromMs(lines);
      droppedCount += this.#store.drop(lines, (atMs) => atMs < fromMs);
    }
    this.#removeEmpty();
    if (droppedCount > 0) this.#reclaimsLeft = reclaimCount;
    if (this.#reclaimsLeft-- > 0) this.#store.reclaim();
  }

  /** Removes streams that have had no lines for some time, such as those of deleted brokers. */
  #removeEmpty(): void {
    const beforeMs = this.#parts.clock.nowMs() - emptyMs;
    for (const lines of this.streams) {
      const isOld = lines.createdMs < beforeMs && lines.lastMs < beforeMs;
      if (lines.count === 0 && isOld) this.#store.remove(lines);
    }
  }

  #reclaim(): void {
    this.#reclaimsLeft = reclaimCount;
    this.#store.reclaim();
  }

  /** Drops the oldest lines of the brokers with most of them while there are too many. */
  #keepBounds(): void {
    const { lineCountMax, lineBytesMax, storedBytesMax } = this.#limits;
    let count = 0;
    let bytes = 0;
    for (const lines of this.streams) {
      count += lines.count;
      bytes += lines.sizeBytes;
    }
    const isFull = this.#store.storedBytes > storedBytesMax;
    if (count <= lineCountMax && bytes <= lineBytesMax && !isFull) return;
    let excessCount = Math.max(0, count - lineCountMax * keptPart);
    let excessBytes = Math.max(0, bytes - lineBytesMax * keptPart, isFull ? bytes / 10 : 0);
    while (excessCount > 0 || excessBytes > 0) {
      const largest = this.#largestStream();
      if (largest === undefined) break;
      const before = largest.sizeBytes;
      // Some at a time, so that no broker loses lines while another has more of them.
      let left = Math.ceil(largest.count / 10);
      excessCount -= this.#store.drop(largest, () => left-- > 0);
      excessBytes -= before - largest.sizeBytes;
    }
    this.#reclaim();
  }

  /** The largest stream of the broker with the most lines by size. */
  #largestStream(): StreamLines | undefined {
    const sizes = new Map<string, number>();
    for (const { brokerId, sizeBytes } of this.streams) {
      sizes.set(brokerId, (sizes.get(brokerId) ?? 0) + sizeBytes);
    }
    const [[brokerId] = ['']] = [...sizes].sort(([, a], [, b]) => b - a);
    const own = this.streams.filter((lines) => lines.brokerId === brokerId);
    const [largest] = own.sort((a, b) => b.sizeBytes - a.sizeBytes);
    return largest === undefined || largest.count === 0 ? undefined : largest;
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
    clearTimeout(this.#timer);
    this.#parts.failed(error);
  }
}
