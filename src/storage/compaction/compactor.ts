// The scheduler of compactions.

import { assert } from '../../base/assert.ts';
import type { Clock, Timer } from '../../base/clock.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import { isDiskFull } from '../errors.ts';
import type { BlockTable } from '../log/block-table.ts';
import { LiveSegment } from '../log/live-segment.ts';
import type { Recovery } from '../log/recovery.ts';
import { compactedFrom, isCompacted, noEnd, segmentKey } from '../log/segment.ts';
import type { SegmentFiles } from '../log/segment-files.ts';
import type { SegmentRoller } from '../log/segment-roller.ts';
import type { CompactionOptions, LogOwner } from '../log-owner.ts';
import type { Volume } from '../volume.ts';
import {
  type ChoiceLimits,
  chooseCandidates,
  chooseOutdated,
  chooseSmall,
  hasNotableDead,
  isExcessive,
  isSmall,
  smallCountMin,
} from './candidates.ts';
import { CompactionPass } from './compaction-pass.ts';
import { Pace } from './pace.ts';

/** Maximum number and interval of attempts to begin a segment, milliseconds. */
const rollTriesMax = 200;
const rollWaitMs = 5;

/** Number of additional checks of an idle log with too much dead data. */
const idleLooks = 5;
const defaults = { lookMs: 2000, looksMin: 3 };
/** Maximum size of a pass if the disk is full: it must fit before any space is released. */
const urgentBytesMax = 4 * 1024 * 1024;
/**
 * Number of small segments with which the first check of a mount is early. Otherwise, processes that
 * are killed after a short time would never merge them.
 */
const crowdedCount = 4 * smallCountMin;
const crowdedLookMs = 50;
/** Maximum size of the small segments that are merged before the log is closed. */
const mergedBytesMax = 4 * 1024 * 1024;
/** Number of segments that are kept for a base of up to this size, before a new one is hurried. */
const chainCountMax = 2 * smallCountMin;
const hurriedBytesMax = 16 * 1024 * 1024;
/** Data that is kept only for the state, in addition to two bases, before a new base is hurried. */
const idleBytesMin = 1024 * 1024;

/** The parts and settings of a compactor. */
export interface CompactorSetting {
  readonly volume: Volume;
  readonly owner: LogOwner;
  readonly table: BlockTable;
  readonly files: SegmentFiles;
  readonly recovery: Recovery;
  readonly roller: SegmentRoller;
  readonly segmentBytes: number;
  readonly options: CompactionOptions;
  readonly random?: Random | undefined;
  readonly clock: Clock;
}

/** The interface to the log. */
export interface CompactorHost {
  /** Whether the log can no longer be written. */
  isFailed(): boolean;
  /** The number of the last synced group. */
  durableGroup(): number;
  /** The last segment with synced data. */
  durableSegment(): number;
  /**
   * Begins a segment, whose table names the needed segments. Returns false if that is not possible
   * now.
   */
  rollNow(): boolean;
  failed(cause: unknown): void;
  compacted(writtenBytes: number, segmentCount: number): void;
  /** Drops the data keys that are not needed any more. */
  dropKeys(): Promise<void>;
  /** The header lists no older data keys any more. */
  resealed(): void;
}

/**
 * Compacts segments in the background: the live records of mostly settled segments are written to
 * new ones, so that the old ones can be removed.
 *
 * @see docs/formats/volume.md
 */
export class Compactor {
  readonly #setting: CompactorSetting;
  readonly #host: CompactorHost;
  readonly #pace: Pace;
  readonly #lookMs: number;
  readonly #looksMin: number;
  readonly #clock: Clock;
  #timer: Timer | undefined = undefined;
  #work: Promise<void> | undefined = undefined;
  #isStopped = false;
  #isUrgent = false;
  /** Whether segments under older data keys are compacted, however full they are. */
  #isResealing = false;
  #busyGroup = 0;
  #lastNumber = compactedFrom;
  /** The segment that is being written; undefined before and once it is one of the log's. */
  #unfinished: LiveSegment | undefined = undefined;
  /** Whether there were many small segments when the log was opened. */
  #isCrowded = false;
  /** The number of remaining checks without a synced group. */
  #looksLeft = 0;

  constructor(setting: CompactorSetting, host: CompactorHost) {
    const { options } = setting;
    this.#setting = setting;
    this.#host = host;
    this.#lookMs = options.lookMs ?? defaults.lookMs;
    this.#looksMin = options.looksMin ?? defaults.looksMin;
    this.#clock = setting.clock;
    this.#pace = new Pace(() => this.#isBusy(), options.share, setting.clock);
  }

  /** Whether the log has synced anything since the last call. */
  #isBusy(): boolean {
    const durableGroup = this.#host.durableGroup();
    const isBusy = durableGroup !== this.#busyGroup;
    this.#busyGroup = durableGroup;
    return isBusy;
  }

  /**
   * Takes over the recovered state, and removes the files of an interrupted compaction.
   *
   * @param numbers the compacted segments that have files
   */
  async recovered(numbers: readonly number[]): Promise<void> {
    const { roller, files } = this.#setting;
    for (const number of numbers) {
      this.#lastNumber = Math.max(this.#lastNumber, number);
      if (!roller.segments.has(number)) await files.retire(number);
    }
    for (const segment of roller.segments.values()) {
      // A message in several queues counts several times, but live bytes cannot exceed the file.
      segment.scale = Math.min(1, segment.sizeBytes / Math.max(1, segment.liveBytes));
    }
    const { segmentBytes } = this.#setting;
    const small = [...roller.segments.values()].filter((each) => isSmall(each, segmentBytes));
    this.#isCrowded = small.length >= crowdedCount;
  }

  /** A group was synced, so there may be work later. */
  written(): void {
    this.#looksLeft = this.#looksMin + idleLooks;
    if (this.#timer !== undefined || this.#work !== undefined || this.#isStopped) return;
    if (this.#setting.owner.moves === undefined) return;
    const lookMs = this.#isCrowded ? Math.min(crowdedLookMs, this.#lookMs) : this.#lookMs;
    this.#isCrowded = false;
    this.#timer = this.#clock.setTimeout(() => this.#check(), lookMs).unref();
  }

  /**
   * Compacts all segments that are sealed under an older data key than the newest, until the header
   * lists no older ones.
   */
  reseal(): void {
    const { owner, volume } = this.#setting;
    if (owner.moves === undefined || volume.header.olderKeys.length === 0) return;
    this.#isResealing = true;
    this.#checkLater();
  }

  /** The disk is full: any space is worth a compaction. */
  hurry(): void {
    this.#isUrgent = true;
    if (this.#setting.owner.moves !== undefined && !this.#isStopped) this.#begin();
  }

  #check(): void {
    this.#timer = undefined;
    for (const segment of this.#ended()) segment.lookCount++;
    this.#begin();
  }

  #begin(): void {
    if (this.#work !== undefined || this.#host.isFailed()) return;
    this.#work = this.#run().finally(() => {
      this.#work = undefined;
      this.#isUrgent = false;
    });
  }

  /** Segments that have ended and are on disk. */
  #ended(): LiveSegment[] {
    const durableSegment = this.#host.durableSegment();
    const isEnded = ({ number, end }: LiveSegment) =>
      end !== undefined && (isCompacted(number) || number < durableSegment);
    return [...this.#setting.roller.segments.values()].filter(isEnded);
  }

  get #limits(): ChoiceLimits {
    const { segmentBytes } = this.#setting;
    const isUrgent = this.#isUrgent;
    const outputBytesMax = isUrgent ? Math.min(urgentBytesMax, segmentBytes) : segmentBytes;
    return { segmentBytes, outputBytesMax, isUrgent, looksMin: isUrgent ? 0 : this.#looksMin };
  }

  async #run(): Promise<void> {
    await this.#attempt(async () => {
      while (!this.#isOver && (await this.#step()));
    });
    if (this.#isOver) return;
    if (this.#isResealing) this.#checkLater();
    else if (this.#isWorkLeft) this.#checkAgain();
  }

  /** Whether there may be work once segments were checked more often. */
  get #isWorkLeft(): boolean {
    const ended = this.#ended();
    return this.#isExcessive(ended) || this.#small(ended, { looksMin: 0 }).length > 0;
  }

  #isExcessive(ended: readonly LiveSegment[]): boolean {
    return this.#setting.owner.mergesOnly !== true && isExcessive(ended, this.#limits);
  }

  #small(
    ended: readonly LiveSegment[],
    limits: Partial<ChoiceLimits> = {},
  ): readonly LiveSegment[] {
    const { epoch } = this.#setting.volume.header;
    return chooseSmall(ended, { ...this.#limits, ...limits }, epoch);
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      // The output is removed. There may be space at the next check.
      if (!isDiskFull(cause)) this.#host.failed(cause);
    }
  }

  get #isOver(): boolean {
    return this.#isStopped || this.#host.isFailed();
  }

  #checkAgain(): void {
    if (this.#looksLeft-- > 0) this.#checkLater();
  }

  #checkLater(): void {
    if (this.#isStopped) return;
    this.#timer ??= this.#clock.setTimeout(() => this.#check(), this.#lookMs).unref();
  }

  /** Performs one action against excess data. Returns false if there is nothing to do. */
  async #step(): Promise<boolean> {
    const ended = this.#ended();
    if (this.#isResealing && !this.#isUrgent) {
      const { generation } = this.#setting.volume.header;
      const outdated = chooseOutdated(ended, generation, this.#limits);
      if (outdated.length > 0) return (await this.#replace(outdated)).isRolled;
      await this.#dropKeys();
    }
    return (await this.#reduce(ended)) || (await this.#merge());
  }

  /** Performs one action against data that is no longer needed. */
  async #reduce(ended: readonly LiveSegment[]): Promise<boolean> {
    if (!this.#isExcessive(ended)) return false;
    if (hasNotableDead(ended, this.#limits)) return await this.#roll();
    const candidates = chooseCandidates(ended, this.#limits);
    if (candidates.length === 0) {
      this.#giveBackIdle(ended);
      return false;
    }
    return (await this.#replace(candidates)).isRolled;
  }

  /** Merges small segments, if there are many. Returns whether some were removed. */
  async #merge(limits: Partial<ChoiceLimits> = {}): Promise<boolean> {
    // A full disk has no room for copies that release little.
    if (this.#isUrgent || this.#isOver) return false;
    const small = this.#small(this.#ended(), limits);
    if (small.length === 0) {
      this.#shortenChain();
      return false;
    }
    const { isRolled, goneCount } = await this.#replace(small);
    return isRolled && goneCount > 1;
  }

  /** Hurries a new base if many segments are kept for the present one. */
  #shortenChain(): void {
    const { checkpoints } = this.#setting.roller;
    if (checkpoints.chainLength <= chainCountMax) return;
    if (checkpoints.base.bytes > hurriedBytesMax) return;
    checkpoints.hurry();
    if (!checkpoints.isUnderWay) this.#host.rollNow();
  }

  /**
   * Merges small segments before the log is closed, if there are many. Otherwise, processes that run
   * for a short time would never merge them.
   */
  async mergeBeforeClose(): Promise<void> {
    if (this.#setting.owner.moves === undefined || this.#work !== undefined) return;
    this.#timer?.clear();
    this.#timer = undefined;
    // Nobody uses the log any more.
    this.#pace.stop();
    const limits = { outputBytesMax: mergedBytesMax };
    this.#work = this.#attempt(() => this.#merge(limits)).finally(() => {
      this.#work = undefined;
    });
    await this.#work;
  }

  /** Compacts segments, and begins another one, so that they can be removed. */
  async #replace(candidates: readonly LiveSegment[]) {
    const writtenBytes = await this.#compact(candidates);
    if (writtenBytes === 0) return { isRolled: false, goneCount: 0 };
    const isRolled = await this.#roll();
    const { segments } = this.#setting.roller;
    const goneCount = candidates.filter(({ number }) => !segments.has(number)).length;
    this.#host.compacted(writtenBytes, goneCount);
    return { isRolled, goneCount };
  }

  /** Drops the data keys that are not needed, and reports if no older ones are left. */
  async #dropKeys(): Promise<void> {
    await this.#host.dropKeys();
    if (this.#isOver || this.#setting.volume.header.olderKeys.length > 0) return;
    this.#isResealing = false;
    this.#host.resealed();
  }

  async #compact(candidates: readonly LiveSegment[]): Promise<number> {
    const { table, files, recovery, roller, owner } = this.#setting;
    const moves = owner.moves?.();
    if (moves === undefined) return 0;
    const unfinished = this.#newSegment();
    this.#unfinished = unfinished;
    const pass = new CompactionPass(
      {
        table,
        files,
        recovery,
        moves,
        pace: this.#pace,
        outputBytesMax: this.#limits.outputBytesMax,
        isStopped: () => this.#isOver,
        adopt: (segment) => roller.segments.set(segment.number, segment),
      },
      candidates,
      unfinished,
    );
    try {
      return await pass.run();
    } finally {
      this.#unfinished = undefined;
    }
  }

  /**
   * Whether a compacted segment is being written that is sealed under a generation of the data key.
   */
  uses(generation: number): boolean {
    return this.#unfinished?.header.generation === generation;
  }

  #newSegment(): LiveSegment {
    const { volume, random = systemRandom } = this.#setting;
    const header = {
      format: 2,
      segment: ++this.#lastNumber,
      epoch: volume.header.epoch,
      generation: volume.header.generation,
      predecessor: noEnd,
      salt: random.bytes(32),
    } as const;
    const key = segmentKey(volume, header);
    assert(key !== undefined, 'a volume lacks its newest data key');
    return new LiveSegment(header, key);
  }

  /**
   * Begins a segment, so that the old ones can be removed. Waits on a timer until that is possible,
   * so that an idle log costs nothing.
   *
   * @returns whether a segment was begun; otherwise the old ones are removed with the next one
   */
  async #roll(): Promise<boolean> {
    for (let tries = 0; !this.#isOver && tries < rollTriesMax; tries++) {
      if (this.#host.rollNow()) return true;
      await this.#pace.pause(rollWaitMs);
    }
    return false;
  }

  /** Hurries a new base, after which data kept for the old one can be removed. */
  #giveBackIdle(ended: readonly LiveSegment[]): void {
    const { roller } = this.#setting;
    let keptBytes = 0;
    for (const { pinCount, sizeBytes } of ended) if (pinCount > 0) keptBytes += sizeBytes;
    const { checkpoints } = roller;
    if (keptBytes < idleBytesMin + checkpoints.base.bytes * 2) return;
    checkpoints.hurry();
    if (!checkpoints.isUnderWay) this.#host.rollNow();
  }

  /** Stops the current pass. Resolves when it has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.clear();
    this.#timer = undefined;
    this.#pace.stop();
    await this.#work;
  }

  /** Removes compacted segments that no table names. */
  async removeUnlisted(): Promise<void> {
    const { roller, files } = this.#setting;
    for (const { number, isListed } of roller.segments.values()) {
      if (isCompacted(number) && !isListed) await files.retire(number);
    }
  }
}
