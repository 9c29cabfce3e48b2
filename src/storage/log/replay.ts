import type { StorageError } from '../errors.ts';
import { LogBlock } from './block.ts';
import type { LiveSegment } from './live-segment.ts';
import {
  blocksOf,
  decodeBlocks,
  decodeTable,
  type LogRecord,
  logRecordTypes,
  recordsOf,
  type TableEntry,
} from './records.ts';
import type { Recovery } from './recovery.ts';
import type { ReadBlock } from './segment-reader.ts';

const nothing = Buffer.alloc(0);

/** Who keeps what is replayed. */
export interface ReplayTarget {
  /** A segment that holds something. */
  add(segment: LiveSegment): void;
  /** A block whose records come next; its plaintext becomes the target's. */
  begin(segment: LiveSegment, number: number, plaintext: Buffer): LogBlock;
  /** All of the block's records have come. */
  end(block: LogBlock): void;
  record(block: LogBlock, type: number, buffer: Buffer, start: number, end: number): void;
  /** So many of the older segments have been seen to. */
  progress?(doneCount: number, totalCount: number): void;
}

/** Reads a volume's log as recovery does: a checkpoint, the indexes it names, what came after it. */
export class Replay {
  readonly #recovery: Recovery;
  readonly #target: ReplayTarget;
  #hasTable = false;

  constructor(recovery: Recovery, target: ReplayTarget) {
    this.#recovery = recovery;
    this.#target = target;
  }

  /**
   * Replays everything.
   *
   * @param segments numbers of the segments that are there, ascending
   * @returns the segment it began with; undefined where nothing was ever confirmed
   * @throws {StorageError} `volume-damaged`, `volume-rolled-back`
   */
  async run(segments: readonly number[]): Promise<LiveSegment | undefined> {
    const start = await this.#recovery.start(segments);
    if (start === undefined) return undefined;
    this.#target.add(start);
    await this.#recovery.readGroups(start, async (blocks) => {
      for (const block of blocks) await this.#replayBlock(start, block);
      if (!this.#hasTable) throw this.#damage(start, 'begins without a checkpoint');
    });
    const { index, end } = start;
    // Before a crash the owner may have been ahead of what it had written when it wrote the index: what
    // it let go of is then back, and in no index. So only that of a clean end is good for later starts.
    if (!this.#recovery.isClosed) start.index = undefined;
    else if (index !== undefined && end !== undefined) {
      start.index = { ...index, blockCount: end.blocks - index.firstBlock + 1 };
    }
    return start;
  }

  async #replayBlock(segment: LiveSegment, read: ReadBlock): Promise<void> {
    const { number, offset, plaintext } = read;
    segment.offsets[number] = offset;
    segment.lengths[number] = plaintext.length;
    const block = this.#target.begin(segment, number, plaintext);
    for (const { type, start, end } of this.#records(segment, read)) {
      try {
        switch (type) {
          case logRecordTypes.index:
            break;
          case logRecordTypes.blocks:
            if (blocksOf(plaintext, start, end) === segment.number) {
              const place = { segment: segment.number, offset, firstBlock: number };
              segment.index = { ...place, blockCount: 0 };
            }
            break;
          case logRecordTypes.table:
            this.#hasTable = true;
            await this.#replayIndexes(segment, decodeTable(plaintext, start, end));
            break;
          default:
            this.#target.record(block, type, plaintext, start, end);
        }
      } catch (cause) {
        throw this.#recovery.brokenRecord(segment.number, read, start, cause);
      }
    }
    this.#target.end(block);
  }

  async #replayIndexes(newest: LiveSegment, entries: readonly TableEntry[]): Promise<void> {
    let doneCount = 0;
    for (const entry of entries) {
      await this.#replayIndex(newest, entry);
      this.#target.progress?.(++doneCount, entries.length);
    }
  }

  async #replayIndex(newest: LiveSegment, entry: TableEntry): Promise<void> {
    const segment = await this.#recovery.openListed(entry);
    this.#target.add(segment);
    const { offset, firstBlock, blockCount } = entry.index;
    const home = entry.index.segment === segment.number ? segment : newest;
    const nowhere = new LogBlock(0, undefined, 0, nothing);
    const blocks = this.#recovery.readBlocks(home, offset, firstBlock, blockCount);
    for await (const read of blocks) {
      for (const { type, start, end } of this.#records(home, read)) {
        try {
          if (type === logRecordTypes.blocks) decodeBlocks(read.plaintext, start, end, segment);
          else if (type === logRecordTypes.index) {
            this.#target.record(nowhere, type, read.plaintext, start, end);
          }
        } catch (cause) {
          throw this.#recovery.brokenRecord(home.number, read, start, cause);
        }
      }
    }
  }

  #records(segment: LiveSegment, block: ReadBlock): Generator<LogRecord> {
    return recordsOf(block.plaintext, () =>
      this.#damage(segment, `has a broken record in block ${block.number}`),
    );
  }

  #damage(segment: LiveSegment, what: string): StorageError {
    return this.#recovery.damage(segment.number, what);
  }
}
