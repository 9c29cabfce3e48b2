import { assert } from '../base/assert.ts';
import { systemRandom } from '../base/random.ts';
import { diskFailure, StorageError } from './errors.ts';
import { Appender } from './log/appender.ts';
import { type Arena, blockBytes, type LogBlock } from './log/block.ts';
import { BlockLoader } from './log/block-loader.ts';
import { BlockTable } from './log/block-table.ts';
import { type CheckpointHost, Checkpoints } from './log/checkpoints.ts';
import { type Group, GroupWriter } from './log/group-writer.ts';
import { LiveSegment } from './log/live-segment.ts';
import { Mark } from './log/mark.ts';
import {
  checkRecordSize,
  encodeBlocks,
  encodeParts,
  encodeTable,
  logRecordTypes,
  type PartKind,
  partKinds,
  recordHeaderBytes,
} from './log/records.ts';
import { Recovery } from './log/recovery.ts';
import { Replay } from './log/replay.ts';
import { blockFlags, type End, noEnd, segmentKey } from './log/segment.ts';
import { listSegments, SegmentFiles } from './log/segment-files.ts';
import type { LogOptions, LogOwner } from './log-owner.ts';
import type { MessageLog } from './message-log.ts';
import { formatVersion, type Position, type Volume } from './volume.ts';

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
export class Log implements MessageLog, CheckpointHost {
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
  readonly #checkpoints: Checkpoints;
  readonly #arenaOf: { arena: Arena };
  /** Segments that hold something, and the one that is written. */
  readonly #segments = new Map<number, LiveSegment>();
  /** What writes the present segment; undefined before the log is open and after it is closed. */
  #appender: Appender | undefined = undefined;
  #segment: LiveSegment | undefined = undefined;
  #durable: Position = { segment: 0, blocks: 0 };
  #failure: StorageError | undefined = undefined;
  #isInBatch = false;
  #isRolling = false;
  #isSyncWanted = false;
  #flushTimer: NodeJS.Timeout | undefined = undefined;
  #whenIdle: (() => void) | undefined = undefined;
  /** Settles when every segment that was to be given back has been. */
  #retiring: Promise<void> = Promise.resolve();

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
    this.#arenaOf = { arena: this.#table.arenas.take(blockBytes, true) };
    this.blocks = this.#table.blocks;
    this.#loader = new BlockLoader(this.#table, this.#recovery, (cause) =>
      this.#fail(this.#recovery.failed('reading', cause)),
    );
    const { sliceBytes = defaults.sliceBytes } = options;
    const sizes = { segmentBytes: this.#segmentBytes, sliceBytes };
    this.#checkpoints = new Checkpoints(owner, this, this, this.#table, sizes);
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
    const { segments, spares } = await listSegments(this.#volume);
    const replay = new Replay(this.#recovery, {
      add: (segment) => this.#segments.set(segment.number, segment),
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
      if (!this.#segments.has(number)) await this.#files.retire(number);
    }
    this.#checkpoints.recovered(replay.base, this.#segments.values());
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
    this.#durable = position;
    this.#beginSegment(end, true);
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
    if (this.#isInBatch) return;
    appender.sealExcess();
    if (this.#isRolling || appender.isFirstGroup) return;
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
    // A batch that takes several turns lies in one group, too.
    if (this.#writer.isBusy || this.#isInBatch) return;
    this.#isSyncWanted = false;
    if (this.#appender?.isEmpty === false) this.#endGroup(0);
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
    this.#durable = { segment: group.segment.number, blocks: group.lastBlock };
    if (this.#appender !== undefined) this.#appender.durable = this.#durable;
    this.durableGroup = group.number;
    this.#mark.moved(this.#durable);
    for (const block of group.blocks) this.pendingBytes -= block.heldBytes;
    if (group.isFirst) {
      this.#retiring = this.#retiring.then(() => this.#retire(group.segment));
    }
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
    this.#checkpoints.written(group.number, group.sizeBytes);
    if (this.#checkpoints.isHurryOver && this.#mayRoll) this.#roll();
  };

  get hasRoomForPart(): boolean {
    const appender = this.#appender;
    return appender !== undefined && !this.#isInBatch && appender.offset < this.#segmentBytes;
  }

  writePart(part: PartKind, write: () => void): readonly number[] {
    const appender = this.#appender;
    assert(appender !== undefined, 'a log that is not open has no checkpoint');
    const wasRolling = this.#isRolling;
    this.#isRolling = true;
    appender.beginPart(part);
    write();
    const blocks = appender.endPart();
    this.#isRolling = wasRolling;
    return blocks;
  }

  get #mayRoll(): boolean {
    return this.#appender?.isFirstGroup === false && !this.#isInBatch;
  }

  /** Ends the segment with its index and begins the next with a checkpoint. */
  #roll(): void {
    this.#beginSegment(this.#endSegment(), false);
    this.sync();
  }

  #endSegment(): End {
    const segment = this.#segment;
    assert(segment !== undefined, 'a segment ends in a log that is not open');
    this.#isRolling = true;
    this.#writeIndex(segment);
    this.#endGroup(blockFlags.segmentEnd);
    this.#isRolling = false;
    assert(segment.end !== undefined, 'a segment that ended has no end');
    return segment.end;
  }

  #beginSegment(predecessor: End, isMount: boolean): void {
    const { epoch } = this.#volume.header;
    const salt = (this.#options.random ?? systemRandom).bytes(32);
    const header = {
      format: 2,
      segment: predecessor.segment + 1,
      epoch,
      predecessor,
      salt,
    } as const;
    const segment = new LiveSegment(header, segmentKey(this.#volume, header));
    this.#segment = segment;
    this.#segments.set(segment.number, segment);
    this.#appender = new Appender(this.#table, segment, this.#arenaOf, this.#owner);
    this.#appender.durable = this.#durable;
    this.#isRolling = true;
    this.#checkpoints.begin(segment, isMount);
    const wanted = [...this.#segments.values()]
      .filter((older) => older !== segment && older.liveCount > 0)
      .sort((a, b) => a.number - b.number);
    for (const older of wanted) {
      // The segment that a crash cut has no index of its own.
      if (older.index === undefined) this.#writeIndex(older);
    }
    this.#owner.begun();
    this.#writeTable(segment, wanted);
    this.#isRolling = false;
  }

  /** Appends, in blocks of its own, what a segment changed and where its messages lie. */
  #writeIndex(segment: LiveSegment): void {
    const appender = this.#appender;
    const home = this.#segment;
    assert(appender !== undefined && home !== undefined, 'a log that is not open has no index');
    appender.seal();
    const { offset } = appender;
    const firstBlock = appender.blockNumber + 1;
    const lastBlock = segment === home ? appender.blockNumber : segment.offsets.length - 1;
    this.#append(logRecordTypes.blocks, encodeBlocks(segment, lastBlock));
    this.#append(logRecordTypes.parts, encodeParts(segment));
    if (this.#checkpoints.needsChanges(segment)) {
      this.writePart(partKinds.changes, () => this.#owner.changes(this, true));
    }
    this.#owner.index(segment.number, this);
    appender.seal();
    const blockCount = appender.blockNumber - firstBlock + 1;
    segment.index = { segment: home.number, offset, firstBlock, blockCount };
    if (home === segment) return;
    segment.indexHome = home;
    this.#table.pin(home);
  }

  #append(type: number, payload: Buffer): void {
    payload.copy(this.reserve(type, payload.length).buffer, this.at);
  }

  /** Ends the checkpoint with the segments that are still wanted; the others may go after it. */
  #writeTable(current: LiveSegment, wanted: readonly LiveSegment[]): void {
    const entries = wanted.map(({ end, lastOffset, index }) => {
      assert(end !== undefined && index !== undefined, 'an older segment has no index');
      return { end, lastOffset, index };
    });
    const { base } = this.#checkpoints;
    this.#append(logRecordTypes.table, encodeTable({ base, entries }));
    this.#table.deadSegmentCount = 0;
    const isWanted = new Set(wanted).add(current);
    for (const segment of [...this.#segments.values()]) {
      if (isWanted.has(segment)) continue;
      this.#segments.delete(segment.number);
      current.superseded.push(segment);
      // Its index may be all that its home is kept for, which then goes with the next segment.
      if (segment.indexHome !== undefined) this.#table.unpin(segment.indexHome);
    }
  }

  async #begun(segment: LiveSegment): Promise<void> {
    const position = { segment: segment.number, blocks: 0 };
    await this.#volume.update({ state: 'open', position, endTag: noEnd.tag });
  }

  /** Recovery would begin with this segment now: what it does not need may go. */
  async #retire(segment: LiveSegment): Promise<void> {
    try {
      for (const { number } of segment.superseded.splice(0)) await this.#files.retire(number);
    } catch (cause) {
      this.#fail(this.#recovery.failed('giving back a segment', cause));
    }
  }

  /** Rolls only so that dead segments can go, where they are a notable part of all. */
  #giveBack(): void {
    const count = this.#table.deadSegmentCount;
    if (count < deadCountMin || count * 4 < this.#segments.size) return;
    if (this.#failure === undefined && this.#mayRoll) this.#roll();
  }

  /**
   * Gives back all that can be, at any price in speed: for a disk that is short of room. What is given
   * back is so some time later.
   */
  reclaim(): void {
    const appender = this.#appender;
    if (this.#failure !== undefined || appender === undefined) return;
    const removed = this.#retiring.then(() => this.#files.removeSpares());
    this.#retiring = removed.catch((cause) => {
      this.#fail(this.#recovery.failed('giving back a segment', cause));
    });
    if (!this.#mayRoll || this.#writer.isBusy) return;
    const { liveCount = 0, pinCount = 0 } = this.#segment ?? {};
    const isOwnDead = liveCount === pinCount && appender.offset >= reclaimBytesMin;
    const { idleBytes, base } = this.#checkpoints;
    // Of a new base there may be two for a while.
    const isKept = idleBytes >= reclaimBytesMin + base.bytes * 2;
    if (isKept) this.#checkpoints.hurry();
    const isHurryNew = isKept && !this.#checkpoints.isUnderWay;
    if (isOwnDead || isHurryNew || this.#table.deadSegmentCount > 0) this.#roll();
  }

  segmentOf(slot: number): number {
    return this.#table.home(slot)?.number ?? 0;
  }

  numberOf(slot: number): number {
    return this.#table.number(slot);
  }

  slotAt(segment: number, number: number): number | undefined {
    const home = this.#segments.get(segment);
    const isThere = home?.blocks.has(number) === true || home?.lengths[number] !== undefined;
    return home !== undefined && isThere ? this.#table.locate(home, number) : undefined;
  }

  retain(slot: number): void {
    this.#table.retain(slot);
  }

  release(slot: number): void {
    this.#table.release(slot);
  }

  damaged(slot: number, offset: number): void {
    this.#fail(this.#recovery.brokenPlace(this.#table.home(slot), this.numberOf(slot), offset));
  }

  load(slot: number): Promise<void> {
    return this.#failure ? Promise.reject(this.#failure) : this.#loader.load(slot);
  }

  beginBatch(): void {
    assert(!this.#isInBatch, 'a batch begins within another');
    // A batch lies in one group, which is recovered whole or not at all; so a full segment ends before.
    if (this.#mayRoll && (this.#appender?.end ?? 0) > this.#segmentBytes) this.#roll();
    this.#isInBatch = true;
  }

  batchPaused(): void {
    this.#appender?.sealExcess();
  }

  endBatch(): void {
    this.#isInBatch = false;
    if (this.#isSyncWanted && !this.#writer.isBusy) setImmediate(() => this.#flush());
  }

  #fail(error: StorageError): StorageError {
    if (this.#failure !== undefined) return this.#failure;
    this.#failure = error;
    this.#mark.stop();
    this.#options.onFailed(error);
    this.#whenIdle?.();
    return error;
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    // Never in its first group: what a later one says proves that recovery begins with the segment.
    if (this.#appender?.isFirstGroup === true) this.#endGroup(0);
    const end = this.#endSegment();
    this.#appender = undefined;
    this.#segment = undefined;
    await new Promise<void>((resolve) => {
      this.#whenIdle = resolve;
    });
    clearTimeout(this.#flushTimer);
    await this.#retiring;
    await this.#loader.idle();
    if (this.#failure !== undefined) throw this.#failure;
    try {
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
