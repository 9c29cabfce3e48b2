// The write-ahead log of a volume.

import { assert } from '../base/assert.ts';
import { type Clock, systemClock, type Timer } from '../base/clock.ts';
import { Compactor } from './compaction/compactor.ts';
import { diskFailure, StorageError } from './errors.ts';
import { type DurableEnd, FrozenVolume } from './frozen/frozen-volume.ts';
import { type LogBlock, largeRecordBytes } from './log/block.ts';
import { BlockLoader } from './log/block-loader.ts';
import { BlockTable } from './log/block-table.ts';
import { DurableWatermark } from './log/durable-watermark.ts';
import { type Group, GroupWriter, type GroupWriterEvents } from './log/group-writer.ts';
import { holdMsMax } from './log/holds.ts';
import { LargeRecords } from './log/large/large-records.ts';
import type { LiveSegment } from './log/live-segment.ts';
import { MeasuredUsage } from './log/log-usage.ts';
import { checkRecordSize, recordHeaderBytes } from './log/records.ts';
import { Recovery } from './log/recovery.ts';
import { Replay } from './log/replay.ts';
import { Retirement } from './log/retirement.ts';
import { blockFlags, type End, noEnd } from './log/segment.ts';
import { listSegments, SegmentFiles } from './log/segment-files.ts';
import { SegmentRoller } from './log/segment-roller.ts';
import type { LogOptions, LogOwner } from './log-owner.ts';
import type { LogUsage, RecordLog, RecordParts } from './record-log.ts';
import { formatVersion } from './volume/header.ts';
import { LogDataKeys } from './volume/log-data-keys.ts';
import type { Volume } from './volume.ts';

const mib = 1024 * 1024;
const defaults = { segmentBytes: 64 * mib, cacheBytes: 64 * mib, sliceBytes: mib / 8 };
/** A group of this size, bytes, is written even if nothing waits for its sync. */
const groupBytesMax = mib;
/** Milliseconds after which data is written even if nothing waits for its sync. */
const flushMs = 50;
/** Number of dead segments that are worth a checkpoint. */
const deadCountMin = 2;
/** Size of a dead segment that is worth a checkpoint when the disk is full. */
const reclaimBytesMin = mib;

/**
 * The write-ahead log of a volume: sealed blocks in segment files, written and synced in groups.
 * See docs/formats/volume.md.
 */
export class Log implements RecordLog {
  at = 0;
  openGroup = 1;
  durableGroup = 0;
  pendingBytes = 0;
  readonly blocks: readonly (LogBlock | undefined)[];
  readonly usage: LogUsage;
  /** The generations of the data key. */
  readonly dataKeys: LogDataKeys;
  readonly #volume: Volume;
  readonly #owner: LogOwner;
  readonly #options: LogOptions;
  readonly #segmentBytes: number;
  readonly #files: SegmentFiles;
  readonly #writer: GroupWriter;
  readonly #recovery: Recovery;
  readonly #watermark: DurableWatermark;
  readonly #table: BlockTable;
  readonly #loader: BlockLoader;
  readonly #roller: SegmentRoller;
  readonly #retirement: Retirement;
  readonly #compactor: Compactor;
  readonly #large: LargeRecords;
  #durable: DurableEnd = { segment: 0, blocks: 0, home: undefined, bytes: 0 };
  #failure: StorageError | undefined = undefined;
  #isSyncWanted = false;
  readonly #clock: Clock;
  #flushTimer: Timer | undefined = undefined;
  #whenIdle: (() => void) | undefined = undefined;

  private constructor(volume: Volume, owner: LogOwner, options: LogOptions) {
    this.#volume = volume;
    this.#owner = owner;
    this.#options = options;
    const { segmentBytes, cacheBytes, sliceBytes, random } = { ...defaults, ...options };
    this.#segmentBytes = segmentBytes;
    this.#clock = options.clock ?? systemClock;
    this.#files = new SegmentFiles(volume, options.isRecycling ?? true);
    this.#recovery = new Recovery(volume, this.#files);
    this.#watermark = new DurableWatermark(volume, (error) => this.#fail(error), this.#clock);
    this.#table = new BlockTable(cacheBytes, () => this.#releaseDeadSegments());
    this.#table.cache.evicted = options.onEvicted;
    this.blocks = this.#table.blocks;
    this.#loader = new BlockLoader(this.#table, this.#recovery, (cause) =>
      this.#fail(this.#recovery.failed('reading', cause)),
    );
    const table = this.#table;
    const setting = { volume, owner, log: this, table, segmentBytes, sliceBytes, random };
    this.#roller = new SegmentRoller(setting);
    this.usage = new MeasuredUsage(this.#roller.segments, table);
    this.#retirement = new Retirement(this.#files, this.#clock, (cause) => {
      this.#fail(this.#recovery.failed('giving back a segment', cause));
    });
    this.#compactor = this.#newCompactor();
    this.#large = new LargeRecords(this.#roller, () => {
      if (this.#isSyncWanted) this.#flush();
    });
    this.dataKeys = this.#newDataKeys();
    const events: GroupWriterEvents = {
      synced: (group, durationMs) => this.#synced(group, durationMs),
      begun: (segment, isThere) => this.#begun(segment, isThere),
      full: (isFull) => options.onFull?.(isFull),
      failed: (error) => this.#fail(error),
    };
    this.#writer = new GroupWriter(this.#files, events, segmentBytes, this.#clock);
  }

  #newCompactor(): Compactor {
    const { compaction = {}, random } = this.#options;
    const setting = {
      volume: this.#volume,
      owner: this.#owner,
      table: this.#table,
      files: this.#files,
      recovery: this.#recovery,
      roller: this.#roller,
      segmentBytes: this.#segmentBytes,
      options: compaction,
      random,
      clock: this.#clock,
    };
    return new Compactor(setting, {
      isFailed: () => this.#failure !== undefined,
      durableGroup: () => this.durableGroup,
      durableSegment: () => this.#durable.segment,
      rollNow: () => this.#rollNow(),
      failed: (cause) => this.#fail(this.#recovery.failed('compacting', cause)),
      compacted: (bytes, segmentCount) => this.#options.onCompacted?.(bytes, segmentCount),
      dropKeys: async () => {
        await this.dataKeys.drop();
      },
      resealed: () => this.#options.onResealed?.(),
    });
  }

  #newDataKeys(): LogDataKeys {
    return new LogDataKeys({
      volume: this.#volume,
      watermark: this.#watermark,
      roller: this.#roller,
      compactor: this.#compactor,
      requireOpen: () => this.#requireOpen(),
      isOpen: () => this.#failure === undefined && this.#roller.appender !== undefined,
      failed: (error) => this.#fail(error),
      markAgain: () => this.#watermark.advance(this.#durable),
      rollNow: () => this.#rollNow(),
    });
  }

  /**
   * Recovers the log into its owner, and begins a segment of this mount.
   *
   * @throws {StorageError} `volume-damaged`, `volume-rolled-back`, `disk-failed`
   */
  static async open(volume: Volume, owner: LogOwner, options: LogOptions): Promise<Log> {
    const log = new Log(volume, owner, options);
    log.#proveMount();
    owner.attach(log);
    try {
      await log.#mount(await log.#recover());
    } catch (cause) {
      throw diskFailure(`opening ${volume.folder}`, cause);
    }
    return log;
  }

  /** Checks that the number of the last mount is in the expected range. */
  #proveMount(): void {
    const { header, folder } = this.#volume;
    const { epoch = header.epoch + 1, epochMin = 0 } = this.#options;
    if (header.epoch >= epochMin && header.epoch < epoch) return;
    throw new StorageError(
      'volume-rolled-back',
      `${folder} was last mounted as number ${header.epoch}; expected ${epochMin} to ${epoch - 1}`,
    );
  }

  async #recover(): Promise<LiveSegment | undefined> {
    const { segments, compacted, spares } = await listSegments(this.#volume);
    const { segments: wanted } = this.#roller;
    const replay = new Replay(this.#recovery, {
      add: (segment) => wanted.set(segment.number, segment),
      begin: (segment, number, plaintext) =>
        this.#table.placeSynced(this.#table.take(segment, number), plaintext),
      record: (block, type, buffer, start, end) =>
        this.#owner.replay(block, type, buffer, start, end),
      end: (block) => this.#table.synced(block),
      progress: (doneCount, totalCount) => this.#options.onRecovering?.(doneCount, totalCount),
    });
    const start = await replay.run(segments);
    // A killed process may have renamed the header: this must be durable before anything else.
    await this.#files.syncFolder();
    await this.#files.adoptSpares(spares);
    // Segments that the checkpoint does not name are dead; nothing in later ones was confirmed.
    for (const number of segments) {
      if (!wanted.has(number)) await this.#files.retire(number);
    }
    await this.#compactor.recovered(compacted);
    this.#roller.checkpoints.recovered(replay.base, wanted.values());
    this.#table.cache.evict();
    return start;
  }

  async #mount(last: LiveSegment | undefined): Promise<void> {
    const end = last?.end ?? noEnd;
    const epoch = this.#options.epoch ?? this.#volume.header.epoch + 1;
    const position = { segment: end.segment, blocks: end.blocks };
    // The recovered data is synced before it is reported, and discarded data is removed.
    if (last !== undefined && !this.#recovery.isClosed) await this.#files.cut(last);
    const begun = this.#watermark.begin(epoch, position);
    const state = { format: formatVersion, state: 'open' } as const;
    const header = { ...state, epoch, position, endTag: end.tag };
    await Promise.all([begun, this.#volume.update(header, begun)]);
    this.#durable = { ...position, home: undefined, bytes: 0 };
    this.#roller.begin(end, position, true);
    this.sync();
  }

  get appendedGroup(): number {
    return this.#roller.appender?.isEmpty === false ? this.openGroup : this.openGroup - 1;
  }

  reserve(type: number, size: number): LogBlock {
    checkRecordSize(size);
    const need = size + recordHeaderBytes;
    if (this.#roller.appender?.hasRoom(need) !== true) this.#prepare(need);
    const appender = this.#roller.appender;
    assert(appender !== undefined, 'a record is appended to a log that is not open');
    const block = appender.append(type, size);
    this.at = appender.at;
    this.pendingBytes += need;
    return block;
  }

  /** Called before a block begins: ends a full segment, and writes a large group. */
  #prepare(need: number): void {
    const appender = this.#roller.appender;
    if (appender === undefined) return;
    this.#flushTimer ??= this.#clock.setTimeout(() => this.#flushLate(), flushMs);
    if (appender.groupBytes >= groupBytesMax) this.sync();
    if (this.#roller.isInBatch) return;
    appender.sealExcess();
    // A segment ends in one turn, so not before most of it is sealed.
    if (this.#roller.isRolling || appender.isFirstGroup || appender.needsSlices) return;
    if (appender.offset + need > this.#segmentBytes) this.#roll();
  }

  fillLater(block: LogBlock, at: number, contents: RecordParts): boolean {
    if (block.buffer.length <= largeRecordBytes) return false;
    this.#large.fill(block, at, contents);
    return true;
  }

  reserveTransient(type: number, size: number): LogBlock {
    checkRecordSize(size);
    const block = this.#table.reserveTransient(type, size);
    this.at = this.#table.transientAt;
    return block;
  }

  sync(): void {
    if (this.#isSyncWanted) return;
    this.#isSyncWanted = true;
    // At the end of the turn, so that everything of this turn is in the same group.
    if (!this.#writer.isBusy) setImmediate(() => this.#flush());
  }

  #flush(): void {
    // A batch over several turns must also be in one group.
    if (this.#writer.isBusy || this.#roller.isInBatch) return;
    const appender = this.#roller.appender;
    if (appender?.isEmpty !== false) this.#isSyncWanted = false;
    else if (appender.needsSlices) this.#large.run();
    else if (!appender.isFirstGroup && appender.offset > this.#segmentBytes) this.#roll();
    else this.#endGroup(0);
  }

  #flushLate(): void {
    this.#flushTimer = undefined;
    if (this.#roller.appender?.isEmpty === false) this.sync();
  }

  #endGroup(flags: number): void {
    const appender = this.#roller.appender;
    assert(appender !== undefined, 'a group ends in a log that is not open');
    this.#isSyncWanted = false;
    const group = appender.endGroup(this.openGroup++, flags);
    if (this.#failure === undefined) this.#writer.add(group);
  }

  #synced(group: Group, durationMs: number): void {
    const { segment: home, lastBlock: blocks } = group;
    this.#durable = { segment: home.number, blocks, home, bytes: group.offset + group.sizeBytes };
    if (this.#roller.appender !== undefined) this.#roller.appender.durable = this.#durable;
    this.durableGroup = group.number;
    this.#watermark.advance(this.#durable);
    this.pendingBytes -= group.reservedBytes;
    if (group.isFirst) this.#retirement.retire(group.segment);
    if (this.#isSyncWanted) this.#flush();
    this.#options.onDurable(group.number);
    // In a later turn, after the waiting objects were notified.
    setImmediate(this.#settle, group, durationMs);
    if (!this.#writer.isBusy) this.#whenIdle?.();
  }

  /** The work after a sync for which nobody waits. */
  readonly #settle = (group: Group, durationMs: number): void => {
    for (const block of group.blocks) this.#table.synced(block);
    this.#table.cache.evict();
    this.#options.onSynced?.(group.sizeBytes, durationMs);
    this.#roller.appender?.prepare();
    if (this.#roller.appender === undefined || this.#failure !== undefined) return;
    const { checkpoints } = this.#roller;
    checkpoints.written(group.number, group.sizeBytes);
    if (checkpoints.isHurryOver || this.#isKeyOld) this.#rollNow();
    this.#compactor.written();
  };

  /** Ends the segment with its index, and begins the next one with a checkpoint. */
  #roll(): void {
    this.#roller.begin(this.#endSegment(), this.#durable, false);
    this.sync();
  }

  /** Ends the segment and begins the next one. Returns false if that is not possible now. */
  #rollNow(): boolean {
    if (this.#failure !== undefined || this.#roller.appender?.isFirstGroup !== false) return false;
    if (this.#roller.isInBatch || this.#roller.appender.needsSlices) return false;
    this.#roll();
    return true;
  }

  #endSegment(): End {
    const segment = this.#roller.finish();
    this.#endGroup(blockFlags.segmentEnd);
    assert(segment.end !== undefined, 'a segment that ended has no end');
    return segment.end;
  }

  async #begun(segment: LiveSegment, isThere: Promise<unknown>): Promise<void> {
    const position = { segment: segment.number, blocks: 0 };
    await this.#volume.update({ state: 'open', position, endTag: noEnd.tag }, isThere);
  }

  /** Begins a segment if dead segments are a notable part of all, so that they can be removed. */
  #releaseDeadSegments(): void {
    const count = this.#table.deadSegmentCount;
    if (count < deadCountMin || count * 4 < this.#roller.segments.size) return;
    this.#rollNow();
  }

  /**
   * Releases as much space as possible, at any cost in speed. The space is released some time later.
   *
   * @param isShort whether the disk is short of room, so that copies must give up what they hold
   */
  reclaim(isShort = true): void {
    const appender = this.#roller.appender;
    if (this.#failure !== undefined || appender === undefined) return;
    if (isShort) this.#retirement.holds.endAll('the disk is short of room');
    this.#retirement.removeSpares();
    this.#compactor.hurry();
    if (appender.isFirstGroup || this.#roller.isInBatch || this.#writer.isBusy) return;
    if (appender.needsSlices) return;
    const { checkpoints, segment } = this.#roller;
    const isOwnDead = segment?.isIdle === true && appender.offset >= reclaimBytesMin;
    // A new base may exist twice for a while.
    const isKept = checkpoints.idleBytes >= reclaimBytesMin + checkpoints.base.bytes * 2;
    if (isKept) checkpoints.hurry();
    const isHurryNew = isKept && !checkpoints.isUnderWay;
    const isWanted = isOwnDead || isHurryNew || this.#owner.isSegmentStale === true;
    if (isWanted || this.#table.deadSegmentCount > 0) this.#roll();
  }

  /** Whether data is currently sealed with an older generation of the data key. */
  get #isKeyOld(): boolean {
    const { segment } = this.#roller;
    return segment !== undefined && segment.header.generation !== this.#volume.header.generation;
  }

  /**
   * Freezes the volume at the synced position, so that it can be copied while the log is in use. It
   * must be released. It ends automatically after a time, when the disk is full, and when the log
   * is closed.
   *
   * @param timeMsMax milliseconds, at most {@link holdMsMax}
   * @throws {StorageError} `log-failed`; `freeze-refused` before the first group of the mount is
   *   synced, or if there are too many frozen positions; `disk-failed`
   */
  async freeze(timeMsMax: number = holdMsMax): Promise<FrozenVolume> {
    this.#requireOpen();
    const parts = {
      volume: this.#volume,
      watermark: this.#watermark,
      retirement: this.#retirement,
    };
    return FrozenVolume.at(parts, this.#durable, timeMsMax);
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#roller.appender === undefined)
      throw new StorageError('log-failed', 'the log is closed');
  }

  segmentOf(slot: number): number {
    return this.#table.home(slot)?.number ?? 0;
  }

  numberOf(slot: number): number {
    return this.#table.number(slot);
  }

  slotAt(segment: number, number: number): number | undefined {
    const home = this.#roller.segments.get(segment);
    const isThere = home?.blocks.has(number) === true || home?.lengths[number] !== undefined;
    return home !== undefined && isThere ? this.#table.locate(home, number) : undefined;
  }

  retain(slot: number, bytes?: number, count?: number): void {
    this.#table.retain(slot, bytes, count);
  }

  release(slot: number, bytes?: number, count?: number): void {
    this.#table.release(slot, bytes, count);
  }

  damaged(slot: number, offset: number): void {
    this.#fail(this.#recovery.brokenPlace(this.#table.home(slot), this.numberOf(slot), offset));
  }

  load(slot: number): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return this.#loader.load(slot);
  }

  beginBatch(): void {
    assert(!this.#roller.isInBatch, 'a batch begins within another');
    // A batch must be in one group, so a full segment ends before it.
    const appender = this.#roller.appender;
    const canRoll = appender?.isFirstGroup === false && !appender.needsSlices;
    if (canRoll && appender.end > this.#segmentBytes) this.#roll();
    this.#roller.isInBatch = true;
  }

  batchPaused(): void {
    this.#roller.appender?.sealExcess(true);
  }

  endBatch(): void {
    this.#roller.isInBatch = false;
    if (this.#isSyncWanted && !this.#writer.isBusy) setImmediate(() => this.#flush());
  }

  #fail(error: StorageError): StorageError {
    if (this.#failure !== undefined) return this.#failure;
    this.#failure = error;
    this.#watermark.stop();
    void this.#compactor.stop();
    this.#options.onFailed(error);
    this.#whenIdle?.();
    return error;
  }

  async close(last?: () => void): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.#compactor.mergeBeforeClose();
    const compactorEnds = this.#compactor.stop();
    last?.();
    // Not in the first group: a later group proves that recovery begins with this segment.
    if (this.#roller.appender?.isFirstGroup === true) this.#endGroup(0);
    const end = this.#endSegment();
    this.#roller.stop();
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    this.#flushTimer?.clear();
    // Before holds end: a compaction may still release files.
    await compactorEnds;
    this.#retirement.holds.endAll('the volume was closed');
    await this.#retirement.idle();
    await this.#loader.idle();
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#compactor.removeUnlisted();
      await this.#watermark.close();
      await this.#files.close();
      // Only needed files may exist once the header says that the volume is closed.
      await this.#files.syncFolder();
      const position = { segment: end.segment, blocks: end.blocks };
      await this.#volume.update({ state: 'closed', position, endTag: end.tag });
    } catch (cause) {
      throw this.#fail(this.#recovery.failed('closing the log', cause));
    }
  }
}
