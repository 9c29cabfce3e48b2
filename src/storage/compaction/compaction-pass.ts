// One pass of a compaction.

import { largeRecordBytes } from '../log/block.ts';
import type { BlockTable } from '../log/block-table.ts';
import type { LiveSegment } from '../log/live-segment.ts';
import { recordsOf } from '../log/records.ts';
import type { Recovery } from '../log/recovery.ts';
import { blockHeaderBytes, openBlock, openLargeBlock, placeInTable } from '../log/segment.ts';
import type { SegmentFiles } from '../log/segment-files.ts';
import type { RecordMoves } from '../log-owner.ts';
import { CompactedFile } from './compacted-file.ts';
import type { Pace } from './pace.ts';

/** Maximum size of a read, and of unneeded data between two blocks that are read together. */
const readBytesMax = 256 * 1024;
const gapBytesMax = 32 * 1024;
/** Size of the records that are sorted together. */
const batchBytes = 2 * 1024 * 1024;
/**
 * Maximum number of copies in a compacted segment. Each is held in memory until all take effect.
 */
const countMax = 128 * 1024;
/** Number of slots examined, and of records copied, in one turn. */
const slotsPerTurn = 20_000;
const copiesPerTurn = 500;

/** The parts and settings of a pass. */
export interface PassSetting {
  readonly table: BlockTable;
  readonly files: SegmentFiles;
  readonly recovery: Recovery;
  readonly pace: Pace;
  readonly moves: RecordMoves;
  /** Approximate maximum size of the output. */
  readonly outputBytesMax: number;
  /** Whether the pass must end as soon as possible. */
  isStopped(): boolean;
  /** Called when the new segment is on disk. It then belongs to the log. */
  adopt(segment: LiveSegment): void;
}

/** A record to copy, with the offsets of its payload in the batch. */
interface Found {
  readonly type: number;
  readonly start: number;
  readonly end: number;
  readonly key: number;
  readonly order: number;
  readonly slot: number;
  readonly offset: number;
}

/**
 * A compaction: copies the live records of some segments to a new one and redirects their owners.
 * The old segments and the new one have the same contents, so recovery may use either. The old
 * segments are removed with the next table, which names the new one.
 */
export class CompactionPass {
  readonly #setting: PassSetting;
  readonly #sources: ReadonlySet<LiveSegment>;
  readonly #file: CompactedFile;
  readonly #batch = Buffer.allocUnsafeSlow(batchBytes);
  #found: Found[] = [];
  #used = 0;
  #copyCount = 0;

  /**
   * @param sources segments that have ended and are on disk
   * @param segment the output, empty
   */
  constructor(setting: PassSetting, sources: readonly LiveSegment[], segment: LiveSegment) {
    this.#setting = setting;
    this.#sources = new Set(sources);
    this.#file = new CompactedFile(setting.files, segment);
  }

  /**
   * Runs the pass.
   *
   * @returns bytes written; 0 if it was stopped or there was nothing to copy, so that nothing has
   *   changed
   */
  async run(): Promise<number> {
    const { table } = this.#setting;
    // Keeps the segments until all of them are read, even if nothing in them is live any more.
    for (const source of this.#sources) table.pin(source);
    let isWritten = false;
    try {
      isWritten = await this.#write();
      if (isWritten) await this.#move();
    } finally {
      if (!isWritten) await this.#file.discard();
      this.#setting.moves.ended?.();
      this.#unpin();
    }
    return isWritten ? this.#file.sizeBytes : 0;
  }

  #unpin(): void {
    for (const source of this.#sources) this.#setting.table.unpin(source);
  }

  async #write(): Promise<boolean> {
    const { moves, table, isStopped } = this.#setting;
    const isSource = (slot: number) => {
      const home = table.home(slot);
      return home !== undefined && this.#sources.has(home);
    };
    if (!(await this.#steps(moves.prepare(isSource)))) return false;
    // Afterwards, because it may retain blocks.
    const slots = await this.#liveSlots();
    const sources = [...slots].sort(([a], [b]) => placeInTable(a.number) - placeInTable(b.number));
    for (const [source, found] of sources) {
      if (!(await this.#copy(source, found))) break;
    }
    if (isStopped()) return false;
    await this.#flush();
    if (this.#copyCount === 0 || isStopped()) return false;
    this.#file.beginIndex();
    const { segment } = this.#file;
    if (!(await this.#steps(moves.index(segment.number, this.#file)))) return false;
    await this.#setting.pace.wait(() => this.#file.end());
    return !isStopped();
  }

  /** Runs steps with pauses. Returns false if the pass was stopped. */
  async #steps(steps: Iterable<unknown>): Promise<boolean> {
    const { pace, isStopped } = this.#setting;
    const iterator = steps[Symbol.iterator]();
    while (pace.work(() => iterator.next()).done !== true) {
      if (this.#file.isGroupReady) await pace.wait(() => this.#file.write());
      await pace.rest();
      if (isStopped()) return false;
    }
    return true;
  }

  /** The slots with live records in the sources, in the order of their blocks. */
  async #liveSlots(): Promise<ReadonlyMap<LiveSegment, number[]>> {
    const { table, pace, isStopped } = this.#setting;
    const slots = new Map<LiveSegment, number[]>();
    for (let first = 0; first < table.slotCount && !isStopped(); first += slotsPerTurn) {
      pace.work(() => {
        const end = Math.min(table.slotCount, first + slotsPerTurn);
        for (let slot = first; slot < end; slot++) this.#addSlot(slots, slot);
      });
      await pace.rest();
    }
    for (const found of slots.values()) found.sort((a, b) => table.number(a) - table.number(b));
    return slots;
  }

  #addSlot(slots: Map<LiveSegment, number[]>, slot: number): void {
    const { table } = this.#setting;
    const home = table.home(slot);
    if (home === undefined || !this.#sources.has(home) || !table.isLive(slot)) return;
    const found = slots.get(home);
    if (found === undefined) slots.set(home, [slot]);
    else found.push(slot);
  }

  /**
   * Copies the live records of a segment. Returns false if the output is full or the pass was
   * stopped.
   */
  async #copy(source: LiveSegment, slots: readonly number[]): Promise<boolean> {
    const { table, pace, isStopped, files } = this.#setting;
    const blocks = slots
      .filter((slot) => table.home(slot) === source)
      .map((slot) => ({ slot, number: table.number(slot) }));
    for (let first = 0; first < blocks.length; ) {
      const end = endOfRead(source, blocks, first);
      const offset = source.offsets[blocks[first]?.number ?? 0] ?? 0;
      const size = endOfBlock(source, blocks[end - 1]?.number ?? 0) - offset;
      const bytes = await files.read(source.number, offset, size);
      for (const { slot, number } of blocks.slice(first, end)) {
        if (isStopped()) return false;
        const plaintext = await this.#open(source, number, bytes, offset);
        await this.#takeRecords(source, slot, number, plaintext);
        await pace.rest();
      }
      if (this.#isFull) return false;
      first = end;
    }
    return !isStopped();
  }

  get #isLong(): boolean {
    return this.#setting.moves.count >= countMax;
  }

  get #isFull(): boolean {
    const isLong = this.#isLong || this.#found.length >= countMax;
    return isLong || this.#file.sizeBytes + this.#used >= this.#setting.outputBytesMax;
  }

  /** Opens a block; a large one takes several turns. */
  async #open(source: LiveSegment, number: number, bytes: Buffer, offset: number): Promise<Buffer> {
    const { recovery, pace } = this.#setting;
    const at = (source.offsets[number] ?? 0) - offset;
    const length = source.lengths[number] ?? 0;
    const { key } = source;
    let plaintext: Buffer | undefined;
    if (at + blockHeaderBytes + length > bytes.length) plaintext = undefined;
    else if (length <= largeRecordBytes) {
      plaintext = pace.work(() => openBlock(key, number, bytes, at, length));
    } else {
      plaintext = await pace.wait(() => openLargeBlock(key, number, bytes.subarray(at), length));
    }
    if (plaintext !== undefined) return plaintext;
    const what = `is damaged at byte ${source.offsets[number] ?? 0}: block ${number}`;
    throw recovery.damage(source.number, what);
  }

  async #takeRecords(
    source: LiveSegment,
    slot: number,
    number: number,
    plaintext: Buffer,
  ): Promise<void> {
    const { recovery, pace } = this.#setting;
    const broken = () => recovery.damage(source.number, `has a broken record in block ${number}`);
    const records = recordsOf(plaintext, broken);
    // A block is small, or a single record, so one turn is enough.
    let next = pace.work(() => this.#take(records, slot, plaintext));
    while (next !== undefined) {
      await this.#flush();
      const { start, end } = next;
      if (end - start <= batchBytes) this.#keep(plaintext, next);
      else await this.#copyLong(plaintext, next);
      next = pace.work(() => this.#take(records, slot, plaintext));
    }
  }

  /** Adds records to the batch. Returns the first one that does not fit. */
  #take(
    records: Iterator<{ type: number; start: number; end: number }>,
    slot: number,
    plaintext: Buffer,
  ): Found | undefined {
    const { moves } = this.#setting;
    for (let step = records.next(); step.done !== true; step = records.next()) {
      const { type, start, end } = step.value;
      const key = moves.look(type, plaintext, start, slot, start);
      if (key === 0) continue;
      const found = { type, start, end, key, order: moves.order, slot, offset: start };
      if (this.#used + end - start > batchBytes) return found;
      this.#keep(plaintext, found);
    }
    return undefined;
  }

  #keep(plaintext: Buffer, found: Found): void {
    const at = this.#used;
    this.#used += plaintext.copy(this.#batch, at, found.start, found.end);
    this.#found.push({ ...found, start: at, end: this.#used });
  }

  /** Adds a record that is larger than a batch. */
  async #copyLong(buffer: Buffer, found: Found): Promise<void> {
    const { pace, moves } = this.#setting;
    const { type, start, end } = found;
    moves.placed({ buffer, start }, found, this.#file.beginLarge());
    this.#copyCount++;
    await pace.wait(() => this.#file.sealLarge(type, buffer, start, end));
    if (this.#file.isGroupReady) await pace.wait(() => this.#file.write());
  }

  /** Writes the batch, sorted into runs. */
  async #flush(): Promise<void> {
    const { pace, isStopped } = this.#setting;
    const found = this.#found;
    this.#found = [];
    this.#used = 0;
    pace.work(() => sortRuns(found));
    // Records that do not fit stay in their segment.
    for (let first = 0; first < found.length && !isStopped() && !this.#isLong; ) {
      first = pace.work(() => this.#placeSome(this.#batch, found, first));
      if (this.#file.isGroupReady) await pace.wait(() => this.#file.write());
      await pace.rest();
    }
  }

  /** Copies records until a group is complete. Returns the index of the next record. */
  #placeSome(buffer: Buffer, found: readonly Found[], first: number): number {
    const { moves } = this.#setting;
    const file = this.#file;
    let next = first;
    for (; next < found.length && next - first < copiesPerTurn && !file.isGroupReady; next++) {
      const each = found[next];
      if (each === undefined) break;
      const place = file.add(each.type, buffer, each.start, each.end);
      moves.placed(file.copy, each, place);
      this.#copyCount++;
    }
    return next;
  }

  /** Makes the copies effective. This must not stop halfway. */
  async #move(): Promise<void> {
    const { table, moves, pace, adopt } = this.#setting;
    const { segment } = this.#file;
    adopt(segment);
    table.pin(segment);
    const iterator = moves.move((block) => table.take(segment, block))[Symbol.iterator]();
    while (pace.work(() => iterator.next()).done !== true) await pace.rest();
    const { liveBytes, sizeBytes } = segment;
    segment.scale = liveBytes === 0 ? 1 : sizeBytes / liveBytes;
    table.unpin(segment);
  }
}

function endOfBlock({ offsets, lengths }: LiveSegment, number: number): number {
  return (offsets[number] ?? 0) + blockHeaderBytes + (lengths[number] ?? 0);
}

/** The end of the blocks that are read together, starting from the first one. */
function endOfRead(
  source: LiveSegment,
  blocks: readonly { readonly number: number }[],
  first: number,
): number {
  const start = source.offsets[blocks[first]?.number ?? 0] ?? 0;
  let end = first + 1;
  for (; end < blocks.length; end++) {
    const [before, next] = [blocks[end - 1]?.number ?? 0, blocks[end]?.number ?? 0];
    const gap = (source.offsets[next] ?? 0) - endOfBlock(source, before);
    if (gap > gapBytesMax || endOfBlock(source, next) - start > readBytesMax) break;
  }
  return end;
}

/** Sorts records by run. They are usually almost sorted. */
function sortRuns(found: Found[]): void {
  found.sort((a, b) => a.key - b.key || a.order - b.order);
}
