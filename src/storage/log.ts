import type { KeyObject } from 'node:crypto';
import { assert } from '../base/assert.ts';
import { Compactor } from './compaction/compactor.ts';
import { diskFailure, StorageError } from './errors.ts';
import { type DurableEnd, FrozenVolume } from './frozen/frozen-volume.ts';
import type { Appender } from './log/appender.ts';
import type { LogBlock } from './log/block.ts';
import { BlockLoader } from './log/block-loader.ts';
import { BlockTable } from './log/block-table.ts';
import { type Group, GroupWriter } from './log/group-writer.ts';
import { holdMsMax } from './log/holds.ts';
import type { LiveSegment } from './log/live-segment.ts';
import { Mark } from './log/mark.ts';
import { checkRecordSize, recordHeaderBytes } from './log/records.ts';
import { Recovery } from './log/recovery.ts';
import { Replay } from './log/replay.ts';
import { Retirement } from './log/retirement.ts';
import { blockFlags, type End, noEnd } from './log/segment.ts';
import { listSegments, SegmentFiles } from './log/segment-files.ts';
import { SegmentRoller } from './log/segment-roller.ts';
import type { LogOptions, LogOwner } from './log-owner.ts';
import type { RecordLog } from './record-log.ts';
import { formatVersion } from './volume/header.ts';
import type { Volume } from './volume.ts';

const defaults = {
  segmentBytes: 64 * 1024 * 1024,
  cacheBytes: 64 * 1024 * 1024,
  sliceBytes: 128 * 1024,
};
/** A group of this size is written though nobody waits for it. */
const groupBytesMax = 1024 * 1024;
/** What nobody waits for is written after so long all the same. */
const flushMs = 50;
/** How many dead segments are worth a checkpoint of their own. */
const deadCountMin = 2;
/** A segment of this size is worth a checkpoint where the disk is short of room and nothing in it is wanted. */
const reclaimBytesMin = 1024 * 1024;

/**
 * A volume's one write-ahead log: sealed blocks in segment files, written and synced in groups.
 *
 * @see docs/formats/volume.md
 */
export class Log implements RecordLog {
  at = 0;
  openGroup = 1;
  durableGroup = 0;
  pendingBytes = 0;
  readonly blocks: readonly (LogBlock | undefined)[];
  readonly #volume: Volume;
  readonly #owner: LogOwner;
  readonly #options: LogOptions;
  readonly #segmentBytes: number;
  readonly #files: SegmentFiles;
  readonly #writer: GroupWriter;
  readonly #recovery: Recovery;
  readonly #mark: Mark;
  readonly #table: BlockTable;
  readonly #loader: BlockLoader;
  readonly #roller: SegmentRoller;
  readonly #retirement: Retirement;
  readonly #compactor: Compactor;
  #durable: DurableEnd = { segment: 0, blocks: 0, home: undefined, bytes: 0 };
  #failure: StorageError | undefined = undefined;
  #isSyncWanted = false;
  #flushTimer: NodeJS.Timeout | undefined = undefined;
  #whenIdle: (() => void) | undefined = undefined;

  private constructor(volume: Volume, owner: LogOwner, options: LogOptions) {
    this.#volume = volume;
    this.#owner = owner;
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? defaults.segmentBytes;
    this.#files = new SegmentFiles(volume, options.isRecycling ?? true);
    this.#recovery = new Recovery(volume, this.#files);
    this.#mark = new Mark(volume, (error) => this.#fail(error));
    const cacheBytes = options.cacheBytes ?? defaults.cacheBytes;
    this.#table = new BlockTable(cacheBytes, () => this.#giveBack());
    this.blocks = this.#table.blocks;
    this.#loader = new BlockLoader(this.#table, this.#recovery, (cause) =>
      this.#fail(this.#recovery.failed('reading', cause)),
    );
    const { sliceBytes = defaults.sliceBytes, random } = options;
    const [table, segmentBytes] = [this.#table, this.#segmentBytes];
    const setting = { volume, owner, log: this, table, segmentBytes, sliceBytes, random };
    this.#roller = new SegmentRoller(setting);
    this.#retirement = new Retirement(this.#files, (cause) => {
      this.#fail(this.#recovery.failed('giving back a segment', cause));
    });
    this.#compactor = this.#newCompactor();
    this.#writer = new GroupWriter(
      this.#files,
      {
        synced: (group, durationMs) => this.#synced(group, durationMs),
        begun: (segment) => this.#begun(segment),
        full: (isFull) => options.onFull?.(isFull),
        failed: (error) => this.#fail(error),
      },
      this.#segmentBytes,
    );
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
    };
    return new Compactor(setting, {
      isFailed: () => this.#failure !== undefined,
      durableGroup: () => this.durableGroup,
      durableSegment: () => this.#durable.segment,
      rollNow: () => this.#rollNow(),
      failed: (cause) => this.#fail(this.#recovery.failed('compacting', cause)),
      compacted: (writtenBytes, segmentCount) =>
        this.#options.onCompacted?.(writtenBytes, segmentCount),
    });
  }

  /**
   * Recovers what a volume's log holds into its owner, then begins a segment of this mount.
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

  get #appender(): Appender | undefined {
    return this.#roller.appender;
  }

  /** The volume must be neither older nor newer than whoever counts its mounts says. */
  #proveMount(): void {
    const { header, folder } = this.#volume;
    const { epoch = header.epoch + 1, epochMin = 0 } = this.#options;
    if (header.epoch >= epochMin && header.epoch < epoch) return;
    throw new StorageError(
      'volume-rolled-back',
      `${folder} says mount ${header.epoch}; expected is one from ${epochMin} to ${epoch - 1}`,
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
    // A process that was killed may have renamed the header just before: that lasts before what follows.
    await this.#files.syncFolder();
    await this.#files.adoptSpares(spares);
    // Those that the checkpoint does not name hold nothing, and in a later one nothing was confirmed.
    for (const number of segments) {
      if (!wanted.has(number)) await this.#files.retire(number);
    }
    await this.#compactor.recovered(compacted);
    this.#roller.checkpoints.recovered(replay.base, wanted.values());
    this.#table.cache.evict();
    return start;
  }

  async #mount(last: LiveSegment | undefined): Promise<void> {
    const { header } = this.#volume;
    const end = last?.end ?? noEnd;
    const epoch = this.#options.epoch ?? header.epoch + 1;
    const position = { segment: end.segment, blocks: end.blocks };
    // What recovery found is synced before anything says so, and what it dropped is gone.
    if (last !== undefined && !this.#recovery.isClosed) await this.#files.cut(last);
    await this.#mark.begin(epoch, position);
    const state = { format: formatVersion, state: 'open' } as const;
    await this.#volume.update({ ...state, epoch, position, endTag: end.tag });
    this.#durable = { ...position, home: undefined, bytes: 0 };
    this.#roller.begin(end, position, true);
    this.sync();
  }

  reserve(type: number, size: number): LogBlock {
    checkRecordSize(size);
    const need = size + recordHeaderBytes;
    if (this.#appender?.hasRoom(need) !== true) this.#prepare(need);
    const appender = this.#appender;
    assert(appender !== undefined, 'a record is appended to a log that is not open');
    const block = appender.append(type, size);
    this.at = appender.at;
    this.pendingBytes += need;
    return block;
  }

  /** Before a block begins: a full segment ends, and a large group is written. */
  #prepare(need: number): void {
    const appender = this.#appender;
    if (appender === undefined) return;
    this.#flushTimer ??= setTimeout(() => this.#flushLate(), flushMs);
    if (appender.groupBytes >= groupBytesMax) this.sync();
    if (this.#roller.isInBatch) return;
    appender.sealExcess();
    if (this.#roller.isRolling || appender.isFirstGroup) return;
    if (appender.offset + need > this.#segmentBytes) this.#roll();
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
    // At the end of this turn, so that whatever else came with it is in the same group.
    if (!this.#writer.isBusy) setImmediate(() => this.#flush());
  }

  #flush(): void {
    // A batch that takes several turns of the event loop lies in one group, too.
    if (this.#writer.isBusy || this.#roller.isInBatch) return;
    if (this.#appender?.isEmpty !== false) {
      this.#isSyncWanted = false;
      return;
    }
    this.#endGroup(0);
  }

  #flushLate(): void {
    this.#flushTimer = undefined;
    if (this.#appender?.isEmpty === false) this.sync();
  }

  #endGroup(flags: number): void {
    const appender = this.#appender;
    assert(appender !== undefined, 'a group ends in a log that is not open');
    this.#isSyncWanted = false;
    const group = appender.endGroup(this.openGroup++, flags);
    if (this.#failure === undefined) this.#writer.add(group);
  }

  #synced(group: Group, durationMs: number): void {
    const { segment: home, lastBlock: blocks } = group;
    this.#durable = { segment: home.number, blocks, home, bytes: group.offset + group.sizeBytes };
    if (this.#appender !== undefined) this.#appender.durable = this.#durable;
    this.durableGroup = group.number;
    this.#mark.moved(this.#durable);
    this.pendingBytes -= group.reservedBytes;
    if (group.isFirst) this.#retirement.retire(group.segment);
    if (this.#isSyncWanted) this.#flush();
    this.#options.onDurable(group.number);
    // After this turn, in which whoever waited is told.
    setImmediate(this.#settle, group, durationMs);
    if (!this.#writer.isBusy) this.#whenIdle?.();
  }

  /** What is to be done about a group that was synced, and nobody waits for. */
  readonly #settle = (group: Group, durationMs: number): void => {
    for (const block of group.blocks) this.#table.synced(block);
    this.#table.cache.evict();
    this.#options.onSynced?.(group.sizeBytes, durationMs);
    this.#appender?.prepare();
    if (this.#appender === undefined || this.#failure !== undefined) return;
    const { checkpoints } = this.#roller;
    checkpoints.written(group.number, group.sizeBytes);
    if (checkpoints.isHurryOver || this.#isKeyOld) this.#rollNow();
    this.#compactor.written();
  };

  /** Ends the segment with its index and begins the next with a checkpoint. */
  #roll(): void {
    this.#roller.begin(this.#endSegment(), this.#durable, false);
    this.sync();
  }

  /** Ends the segment and begins the next one. Returns false, and does nothing, where that is not possible now. */
  #rollNow(): boolean {
    if (this.#failure !== undefined || this.#appender?.isFirstGroup !== false) return false;
    if (this.#roller.isInBatch) return false;
    this.#roll();
    return true;
  }

  #endSegment(): End {
    const segment = this.#roller.finish();
    this.#endGroup(blockFlags.segmentEnd);
    assert(segment.end !== undefined, 'a segment that ended has no end');
    return segment.end;
  }

  async #begun(segment: LiveSegment): Promise<void> {
    const position = { segment: segment.number, blocks: 0 };
    await this.#volume.update({ state: 'open', position, endTag: noEnd.tag });
  }

  /** Rolls only so that dead segments can go, where they are a notable part of all. */
  #giveBack(): void {
    const count = this.#table.deadSegmentCount;
    if (count < deadCountMin || count * 4 < this.#roller.segments.size) return;
    this.#rollNow();
  }

  /**
   * Gives back all that can be, at any price in speed: for a disk that is short of room. What is given
   * back is so some time later.
   */
  reclaim(): void {
    const appender = this.#appender;
    if (this.#failure !== undefined || appender === undefined) return;
    this.#retirement.holds.endAll('the disk is short of room');
    this.#retirement.removeSpares();
    this.#compactor.hurry();
    if (appender.isFirstGroup || this.#roller.isInBatch || this.#writer.isBusy) return;
    const { checkpoints, segment } = this.#roller;
    const { liveCount = 0, pinCount = 0 } = segment ?? {};
    const isOwnDead = liveCount === pinCount && appender.offset >= reclaimBytesMin;
    const { idleBytes, base } = checkpoints;
    // Of a new base there may be two for a while.
    const isKept = idleBytes >= reclaimBytesMin + base.bytes * 2;
    if (isKept) checkpoints.hurry();
    const isHurryNew = isKept && !checkpoints.isUnderWay;
    if (isOwnDead || isHurryNew || this.#table.deadSegmentCount > 0) this.#roll();
  }

  /** Whether what is written now is sealed under an older generation of the data key. */
  get #isKeyOld(): boolean {
    const { segment } = this.#roller;
    return segment !== undefined && segment.header.generation !== this.#volume.header.generation;
  }

  /**
   * Seals what is written from now on under another data key, and begins to write a new base under it.
   * Resolves once the volume's header lists the key; records that are wanted stay where they are, so older
   * keys are needed until {@link dropDataKeys} drops them.
   *
   * @returns the key's generation
   * @throws {StorageError} `key-invalid` as {@link Volume.addDataKey}, `log-failed`
   */
  async addDataKey(wrappedKey: Buffer, dataKey: KeyObject): Promise<number> {
    this.#requireOpen();
    const generation = await this.#volume.addDataKey(wrappedKey, dataKey);
    if (this.#failure !== undefined || this.#appender === undefined) return generation;
    this.#mark.moved(this.#durable);
    this.#roller.checkpoints.hurry();
    // Where a segment cannot end now, it does once the next group is synced.
    this.#rollNow();
    return generation;
  }

  /**
   * Drops the data keys from the volume's header that nothing is sealed under any more.
   *
   * Where older segments hold nothing that is wanted, this begins a segment so that they can go.
   *
   * @returns the generations that were dropped, for good; asked again later, it may be more
   * @throws {StorageError} `log-failed`
   */
  async dropDataKeys(): Promise<readonly number[]> {
    this.#requireOpen();
    if (this.#roller.hasIdleUnder(this.#volume.header.generation)) {
      this.#roller.checkpoints.hurry();
      this.#rollNow();
    }
    return this.#volume.dropDataKeys((generation) => {
      // What the newest segment supersedes counts until that segment is synced: recovery may need it.
      const isWritten = this.#roller.uses(generation) || this.#compactor.uses(generation);
      return isWritten || generation >= this.#mark.generation;
    });
  }

  /**
   * Freezes the volume at the position up to which it is synced now, so that it can be copied while the
   * log goes on. To be released; it ends by itself after a time, when the disk is short of room, and
   * when the log is closed.
   *
   * @param timeMsMax milliseconds; {@link holdMsMax} at most
   * @throws {StorageError} `log-failed`; `freeze-refused` before the first group of the mount is synced, or
   *   where there are as many frozen positions as are allowed; `disk-failed`
   */
  async freeze(timeMsMax: number = holdMsMax): Promise<FrozenVolume> {
    this.#requireOpen();
    const parts = { volume: this.#volume, mark: this.#mark, retirement: this.#retirement };
    return FrozenVolume.at(parts, this.#durable, timeMsMax);
  }

  #requireOpen(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#appender === undefined) throw new StorageError('log-failed', 'the log is closed');
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

  retain(slot: number, bytes?: number): void {
    this.#table.retain(slot, bytes);
  }

  release(slot: number, bytes?: number): void {
    this.#table.release(slot, bytes);
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
    // A batch lies in one group, which is recovered whole or not at all; so a full segment ends before.
    const appender = this.#appender;
    if (appender?.isFirstGroup === false && appender.end > this.#segmentBytes) this.#roll();
    this.#roller.isInBatch = true;
  }

  batchPaused(): void {
    this.#appender?.sealExcess();
  }

  endBatch(): void {
    this.#roller.isInBatch = false;
    if (this.#isSyncWanted && !this.#writer.isBusy) setImmediate(() => this.#flush());
  }

  #fail(error: StorageError): StorageError {
    if (this.#failure !== undefined) return this.#failure;
    this.#failure = error;
    this.#mark.stop();
    void this.#compactor.stop();
    this.#options.onFailed(error);
    this.#whenIdle?.();
    return error;
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const compactorEnds = this.#compactor.stop();
    // Never in its first group: what a later one says proves that recovery begins with the segment.
    if (this.#appender?.isFirstGroup === true) this.#endGroup(0);
    const end = this.#endSegment();
    this.#roller.stop();
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    clearTimeout(this.#flushTimer);
    // Before holds end: a compaction may still make files dispensable.
    await compactorEnds;
    this.#retirement.holds.endAll('the volume was closed');
    await this.#retirement.idle();
    await this.#loader.idle();
    if (this.#failure !== undefined) throw this.#failure;
    try {
      await this.#compactor.removeUnlisted();
      await this.#mark.close();
      await this.#files.close();
      // Only what is wanted may be there once the header calls the volume closed.
      await this.#files.syncFolder();
      const position = { segment: end.segment, blocks: end.blocks };
      await this.#volume.update({ state: 'closed', position, endTag: end.tag });
    } catch (cause) {
      throw this.#fail(this.#recovery.failed('closing the log', cause));
    }
  }
}
