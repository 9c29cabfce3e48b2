// Beginning and ending of segments.

import { assert } from '../../base/assert.ts';
import { type Random, systemRandom } from '../../base/random.ts';
import type { LogOwner } from '../log-owner.ts';
import type { RecordLog } from '../record-log.ts';
import type { Position, Volume } from '../volume.ts';
import { Appender } from './appender.ts';
import { type Arena, blockBytes } from './block.ts';
import type { BlockTable } from './block-table.ts';
import { type CheckpointHost, Checkpoints } from './checkpoints.ts';
import { LiveSegment } from './live-segment.ts';
import {
  encodeBlocks,
  encodeParts,
  encodeTable,
  logRecordTypes,
  type PartKind,
  partKinds,
} from './records.ts';
import { type End, placeInTable, segmentKey } from './segment.ts';

/** The parts of a roller. */
export interface RollerSetting {
  readonly volume: Volume;
  readonly owner: LogOwner;
  readonly log: RecordLog;
  readonly table: BlockTable;
  readonly segmentBytes: number;
  readonly sliceBytes: number;
  readonly random?: Random | undefined;
}

/** Begins segments with a checkpoint, ends them with an index, and tracks all live segments. */
export class SegmentRoller implements CheckpointHost {
  /** Writes the current segment; undefined before the log is open and after it is closed. */
  appender: Appender | undefined = undefined;
  /** The current segment. */
  segment: LiveSegment | undefined = undefined;
  /** Whether the log's own records are being appended, during which a segment cannot end. */
  isRolling = false;
  /** Whether a batch is open, which must be in one group. */
  isInBatch = false;
  /** Live segments, and the current one. */
  readonly segments = new Map<number, LiveSegment>();
  readonly checkpoints: Checkpoints;
  readonly #volume: Volume;
  readonly #owner: LogOwner;
  readonly #log: RecordLog;
  readonly #table: BlockTable;
  readonly #segmentBytes: number;
  readonly #random: Random;
  readonly #arenaOf: { arena: Arena };

  constructor(setting: RollerSetting) {
    const { volume, owner, log, table, segmentBytes, random = systemRandom } = setting;
    this.#volume = volume;
    this.#owner = owner;
    this.#log = log;
    this.#table = table;
    this.#segmentBytes = segmentBytes;
    this.#random = random;
    this.#arenaOf = { arena: table.arenas.take(blockBytes, true) };
    this.checkpoints = new Checkpoints(owner, log, this, table, setting);
  }

  /**
   * Begins the next segment with a checkpoint.
   *
   * @param predecessor the end of the previous segment
   * @param durable the position that is known to be synced
   * @param isMount whether it is the first segment of a mount
   */
  begin(predecessor: End, durable: Position, isMount: boolean): void {
    const { epoch, generation } = this.#volume.header;
    const salt = this.#random.bytes(32);
    const number = predecessor.segment + 1;
    const header = { format: 2, segment: number, epoch, generation, predecessor, salt } as const;
    const key = segmentKey(this.#volume, header);
    assert(key !== undefined, 'a volume lacks its newest data key');
    const segment = new LiveSegment(header, key);
    this.segment = segment;
    this.segments.set(segment.number, segment);
    const appender = new Appender(this.#table, segment, this.#arenaOf, this.#owner);
    appender.durable = durable;
    this.appender = appender;
    this.isRolling = true;
    this.checkpoints.begin(segment, isMount);
    const wanted = this.#wanted(segment);
    for (const older of wanted) {
      // A segment that was cut after a crash has no index of its own.
      if (older.index === undefined) this.#writeIndex(older);
    }
    this.#owner.begun();
    this.#writeTable(segment, wanted);
    this.isRolling = false;
  }

  /** The older segments that are needed, in the order of a table. */
  #wanted(current: LiveSegment): readonly LiveSegment[] {
    const older = [...this.segments.values()]
      .filter((segment) => segment !== current)
      .sort((a, b) => placeInTable(a.number) - placeInTable(b.number));
    return older.filter((segment) => {
      if (segment.liveCount > 0) return true;
      // The segment with its index is a later one, and may have been kept only for it.
      if (segment.indexHome !== undefined) this.#table.unpin(segment.indexHome);
      segment.indexHome = undefined;
      return false;
    });
  }

  /** Appends the index at the end of the current segment. Its last group must still be ended. */
  finish(): LiveSegment {
    const { segment } = this;
    assert(segment !== undefined, 'a segment ends in a log that is not open');
    segment.scale = this.#owner.scale ?? 1;
    this.isRolling = true;
    this.#writeIndex(segment);
    this.isRolling = false;
    return segment;
  }

  /** Stops appending. */
  stop(): void {
    this.appender = undefined;
    this.segment = undefined;
  }

  /** Whether a segment is there that is sealed under a generation of the data key. */
  uses(generation: number): boolean {
    return [...this.segments.values()].some((segment) => isUnder(segment, generation));
  }

  /** Whether an ended segment under an older generation than this holds no record that is wanted. */
  hasIdleUnder(generation: number): boolean {
    return [...this.segments.values()].some(
      ({ header, end, liveCount, pinCount }) =>
        header.generation < generation && end !== undefined && liveCount === pinCount,
    );
  }

  get hasRoomForPart(): boolean {
    const { appender } = this;
    return appender !== undefined && !this.isInBatch && appender.offset < this.#segmentBytes;
  }

  writePart(part: PartKind, write: () => void): readonly number[] {
    const { appender } = this;
    assert(appender !== undefined, 'a log that is not open has no checkpoint');
    const wasRolling = this.isRolling;
    this.isRolling = true;
    appender.beginPart(part);
    write();
    const blocks = appender.endPart();
    this.isRolling = wasRolling;
    return blocks;
  }

  /** Appends the changes of a segment and the positions of its records, in blocks of their own. */
  #writeIndex(segment: LiveSegment): void {
    const { appender, segment: home } = this;
    assert(appender !== undefined && home !== undefined, 'a log that is not open has no index');
    appender.seal();
    const { offset } = appender;
    const firstBlock = appender.blockNumber + 1;
    const lastBlock = segment === home ? appender.blockNumber : segment.offsets.length - 1;
    this.#append(logRecordTypes.blocks, encodeBlocks(segment, lastBlock));
    this.#append(logRecordTypes.parts, encodeParts(segment));
    if (this.checkpoints.needsChanges(segment)) {
      this.writePart(partKinds.changes, () => this.#owner.changes(this.#log, true));
    }
    this.#owner.index(segment.number, this.#log);
    appender.seal();
    const blockCount = appender.blockNumber - firstBlock + 1;
    segment.index = { segment: home.number, offset, firstBlock, blockCount };
    if (home === segment) return;
    segment.indexHome = home;
    this.#table.pin(home);
  }

  #append(type: number, payload: Buffer): void {
    payload.copy(this.#log.reserve(type, payload.length).buffer, this.#log.at);
  }

  /** Ends the checkpoint with the list of live segments. The others can be removed afterwards. */
  #writeTable(current: LiveSegment, wanted: readonly LiveSegment[]): void {
    const entries = wanted.map(({ end, lastOffset, index }) => {
      assert(end !== undefined && index !== undefined, 'an older segment has no index');
      return { end, lastOffset, index };
    });
    const { base } = this.checkpoints;
    this.#append(logRecordTypes.table, encodeTable({ base, entries }));
    current.listed = wanted.map(({ number }) => number);
    this.#table.deadSegmentCount = 0;
    const isWanted = new Set(wanted).add(current);
    for (const segment of [...this.segments.values()]) {
      segment.isListed = segment !== current;
      if (isWanted.has(segment)) continue;
      this.segments.delete(segment.number);
      current.superseded.push(segment);
    }
  }
}

/** Whether a segment is, or one whose file is kept until the segment is on the disk. */
function isUnder({ header, superseded }: LiveSegment, generation: number): boolean {
  return header.generation === generation || superseded.some((each) => isUnder(each, generation));
}
