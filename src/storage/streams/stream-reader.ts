// Reading of a stream.

import { readU32, readU48 } from '../../base/bytes.ts';
import { recordEnd, recordHeaderBytes, recordTypeOf } from '../log/records.ts';
import { type MessageView, queueBytes, queueCountOf, queuesAt } from '../message-record.ts';
import type { RecordBlock, RecordLog } from '../record-log.ts';
import { recordTypes } from '../record-shapes.ts';
import { FoundRun, type StreamIndex } from './stream-index.ts';

/**
 * Reads the messages of a stream in order. It reads each block from its beginning to its end, and
 * only blocks that are sealed, in which records do not move. In a block that a compaction wrote,
 * messages that are in several streams may not be in order: such a block is read more than once.
 */
export class StreamReader {
  /** The number of the next message. Messages that are removed meanwhile are skipped. */
  position: number;
  /** The number of the message that was read last. */
  sequence = -1;
  readonly #index: StreamIndex;
  readonly #log: () => RecordLog;
  readonly #run = new FoundRun();
  #version = -1;
  /** The block that is being read, and the offset of its next record. */
  #slot = -1;
  #offset = 0;
  /** Whether the block was searched for the next message from its beginning. */
  #isFromStart = true;

  /**
   * @param log returns the log, which is attached after the index was created
   * @param position the number of the first message to read; it may be that of a later one
   */
  constructor(index: StreamIndex, log: () => RecordLog, position: number) {
    this.#index = index;
    this.#log = log;
    this.position = position;
  }

  /** The number of the message to load after `cold`. */
  get coldSequence(): number {
    return Math.max(this.position, this.#run.first);
  }

  /**
   * Opens the view on the next message.
   *
   * @param end messages with this number or higher ones are not read: they are not synced yet
   * @returns `cold` if the message is on disk: load it and read again; `end` if there is none at
   *   present, or the log is damaged
   */
  read(view: MessageView, end: number): 'message' | 'cold' | 'end' {
    const { blocks } = this.#log();
    while (this.position < end) {
      if (!this.#isInRun() && !this.#findRun(end)) return 'end';
      const block = blocks[this.#slot];
      if (block === undefined || block.isFilling) return 'cold';
      const found = this.#readRecord(block, view);
      if (found !== 'other') return found;
    }
    return 'end';
  }

  /** The message that was read last is read again. */
  back(): void {
    this.position = this.sequence;
    this.#restart();
  }

  /** Reads the next record of a block. */
  #readRecord(block: RecordBlock, view: MessageView): 'message' | 'other' | 'end' {
    const { buffer, start } = block;
    const at = start + this.#offset + recordHeaderBytes;
    if (at > block.end && !this.#isFromStart) {
      this.#restart();
      return 'other';
    }
    const next = recordEnd(buffer, at);
    if (at > block.end || next > block.end) return this.#damaged();
    this.#offset = next - start;
    if (recordTypeOf(buffer, at) !== recordTypes.message) return 'other';
    if (sequenceIn(buffer, at, next, this.#index.number) !== this.position) return 'other';
    if (!view.open(buffer, at, next)) return this.#damaged();
    this.#isFromStart = false;
    this.sequence = this.position++;
    return 'message';
  }

  #restart(): void {
    this.#offset = 0;
    this.#isFromStart = true;
  }

  /** The block does not contain the message. */
  #damaged(): 'end' {
    this.#log().damaged(this.#slot, this.#offset);
    return 'end';
  }

  #isInRun(): boolean {
    const { first, end } = this.#run;
    return this.#version === this.#index.version && this.position >= first && this.position < end;
  }

  /** Finds the block of the next message. */
  #findRun(end: number): boolean {
    const run = this.#run;
    if (!this.#index.runFrom(this.position, run)) return false;
    if (run.first > this.position) this.position = run.first;
    // After a change, the slot may be that of another block.
    if (run.slot !== this.#slot || this.#version !== this.#index.version) this.#restart();
    this.#version = this.#index.version;
    this.#slot = run.slot;
    return this.position < end;
  }
}

/** The number of a message in a stream, in its record; -1 if the record does not name the stream. */
function sequenceIn(buffer: Buffer, at: number, end: number, stream: number): number {
  let p = queuesAt(buffer, at);
  for (let left = queueCountOf(buffer, at); left > 0 && p < end; left--, p += queueBytes) {
    if (readU32(buffer, p) === stream) return readU48(buffer, p + 4);
  }
  return -1;
}
