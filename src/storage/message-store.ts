// The message store of a broker.

import { assert } from '../base/assert.ts';
import { copyBytes, readU32, readU48, writeU32, writeU48 } from '../base/bytes.ts';
import type { Journal } from './journal.ts';
import { recordEnd, recordTypeOf } from './log/records.ts';
import { indexHeadBytes, locate, readWindow, writeIndex, writeRanges } from './message-index.ts';
import {
  copyContents,
  countDurable,
  hasExpiry,
  hasLongAddress,
  type IncomingMessage,
  keepsAll,
  liveBytes,
  MessageView,
  messageRecordBytes,
  persistent,
  queueBytes,
  queueCountOf,
  queuesAt,
  writeQueues,
} from './message-record.ts';
import { DeliveryCounts } from './messages/delivery-counts.ts';
import { KnownNumbers, MessageChanges } from './messages/message-changes.ts';
import { MessageMoves } from './messages/message-moves.ts';
import { replayReturned, writeStop } from './messages/returned-messages.ts';
import { Settlements } from './messages/settlements.ts';
import type { QueueIndex } from './queue-index.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';
import { invalidRecord, parseJson, recordTypes, requireShape } from './record-shapes.ts';
import { StreamIndex } from './streams/stream-index.ts';

/**
 * The queue number in a message record for a queue that settled the message before it was written.
 */
const nobody = 0;

/**
 * Stores the messages of a broker: appends them, settles them, and recovers them after a restart.
 */
export class MessageStore {
  /** The indexes of durable queues by number. */
  readonly indexes = new Map<number, QueueIndex>();
  readonly #definitions: Journal;
  readonly #view = new MessageView();
  #log: RecordLog | undefined = undefined;
  #batchDepth = 0;
  /** The group with the last settlement. */
  #settledGroup = 0;
  readonly #loading = new Set<Promise<void>>();
  readonly #changes = new MessageChanges(recordTypes);
  readonly #settlements = new Settlements(recordTypes.settle, this.#changes);
  /** The delivery counts of queues that use them, and the times of returned messages. */
  readonly counts = new DeliveryCounts(this.#changes);
  readonly #known = new KnownNumbers();
  /** Queues that are not durable, with messages that are in the log for other queues. */
  readonly #transientQueues = new Set<QueueIndex>();
  /** Size of the messages in the current segment, counted once each, and once per queue. */
  #recordBytes = 0;
  #retainedBytes = 0;
  /** Whether the volume was closed cleanly, so that the deliveries before are known exactly. */
  isCleanStop = true;
  /** The group with the last definition or purge. */
  definedGroup = 0;
  /** The number of records appended by this process. */
  recordCount = 0;

  /** @param definitions recovered from the log, and part of each checkpoint */
  constructor(definitions: Journal) {
    this.#definitions = definitions;
  }

  /** The log, available after {@link attach}. */
  get log(): RecordLog {
    assert(this.#log !== undefined, 'the message store has no log yet');
    return this.#log;
  }

  /** Sets the log, before it replays any records. */
  attach(log: RecordLog): void {
    this.#log = log;
  }

  /** All records have been replayed. */
  recovered(): void {
    this.#known.tell(this.indexes);
    this.#known.clear();
    this.counts.recovered();
  }

  /**
   * Appends a message for all its queues. Each stores it under its next number.
   *
   * @param expiresAtMs milliseconds since 1970, or Infinity
   * @throws {StorageError} `record-invalid` if its parts do not match its lengths; nothing is
   *   appended
   */
  append(
    message: IncomingMessage,
    indexes: readonly QueueIndex[],
    isPersistent: boolean,
    nowMs: number,
    expiresAtMs: number,
  ): RecordBlock {
    const log = this.log;
    // Streams and quorum queues keep every message.
    const isKept = isPersistent || keepsAll(indexes);
    if (isKept) this.writeSettlements();
    const queueCount = isKept ? countDurable(indexes) : 0;
    const headLength = message.headEnd - message.headStart;
    const size = messageRecordBytes(message, queueCount, expiresAtMs !== Infinity);
    const type = recordTypes.message;
    const block = queueCount > 0 ? log.reserve(type, size) : log.reserveTransient(type, size);
    if (queueCount > 0) {
      this.recordCount++;
      this.#recordBytes += size;
      this.#retainedBytes += liveBytes(message.bodyLength) * indexes.length;
    }
    const { buffer } = block;
    const at = log.at;
    let flags = (expiresAtMs === Infinity ? 0 : hasExpiry) | (isPersistent ? persistent : 0);
    if (message.isAddressLong === true) flags |= hasLongAddress;
    let p = writeQueues(buffer, at, flags, message.format, queueCount, indexes);
    p = writeU48(buffer, p, nowMs);
    if (expiresAtMs !== Infinity) p = writeU48(buffer, p, expiresAtMs);
    buffer[p] = message.priority;
    p = copyBytes(buffer, p + 1, message.address, message.addressStart, message.addressEnd);
    p = writeU32(buffer, writeU32(buffer, p, headLength), message.bodyLength);
    p = copyContents(log, block, p, message);
    assert(p === at + size, 'a message record does not match its length');
    // The record does not name non-durable queues, so a move could not be reported to them.
    if (queueCount > 0 && queueCount < indexes.length) block.fix();
    this.#enqueue(message, indexes, block, nowMs, expiresAtMs);
    return block;
  }

  /** Adds the message of the last reserved record to its queues. */
  #enqueue(
    message: IncomingMessage,
    indexes: readonly QueueIndex[],
    block: RecordBlock,
    nowMs: number,
    expiresAtMs: number,
  ): void {
    const { log } = this;
    const offset = log.at - block.start;
    for (const queueIndex of indexes) {
      const expiryMs = queueIndex.expiryMs(nowMs, expiresAtMs);
      const { bodyLength, priority } = message;
      const sequence = queueIndex.append(block.slot, offset, bodyLength, priority, expiryMs, nowMs);
      if (queueIndex.arrivedFrom < 0) this.#changes.arrived(queueIndex, sequence);
      log.retain(block.slot, liveBytes(bodyLength));
      if (!queueIndex.isDurable && !block.transient) this.#transientQueues.add(queueIndex);
    }
  }

  /**
   * Opens a view on a live message. Returns false if its block must be loaded first. Also returns
   * false if its record is damaged: the log has then failed, and no load succeeds.
   */
  view(queueIndex: QueueIndex, sequence: number, view: MessageView): boolean {
    const slot = queueIndex.slot(sequence);
    const block = this.log.blocks[slot];
    if (block === undefined || block.isFilling) return false;
    const { buffer, start } = block;
    const at = start + queueIndex.offset(sequence);
    const end = recordEnd(buffer, at);
    const isMessage = end <= block.end && recordTypeOf(buffer, at) === recordTypes.message;
    if (isMessage && view.open(buffer, at, end)) return true;
    this.log.damaged(slot, at - start);
    return false;
  }

  /** Loads the block of a live message. */
  load(queueIndex: QueueIndex, sequence: number): Promise<void> {
    const loading = this.log.load(queueIndex.slot(sequence));
    const over = () => this.#loading.delete(loading);
    this.#loading.add(loading);
    loading.then(over, over);
    return loading;
  }

  /**
   * Removes a message from its queue permanently. The settlement is in the log before the next
   * message. If the message's block is not sealed yet, the message is left out of it instead.
   */
  settle(queueIndex: QueueIndex, sequence: number): void {
    const slot = queueIndex.slot(sequence);
    const block = this.log.blocks[slot];
    // Blocks that are not in memory are sealed and on disk.
    const isWritten = block === undefined || (block.isSealed && !block.transient);
    if (queueIndex.isDurable && isWritten) {
      this.recordCount += this.#settlements.add(queueIndex, sequence, this.log);
    }
    this.log.release(slot, liveBytes(queueIndex.remove(sequence)));
  }

  /** Removes the messages of a stream before a number, permanently. */
  truncate(stream: StreamIndex, to: number): void {
    const from = stream.first;
    this.recordCount += this.#settlements.writeRange(stream, from, to, this.log);
    stream.truncate(to, this.#release);
  }

  readonly #release = (slot: number, bytes: number, count: number): void => {
    this.log.release(slot, bytes, count);
  };

  /**
   * Called for each record before its block is sealed: returns whether it is still needed. Queues
   * that have settled the message are removed from the record, and the others receive its new
   * offset.
   *
   * @param offset the new offset of the payload in the block
   */
  pruneBeforeSeal(type: number, buffer: Buffer, start: number, offset: number): boolean {
    if (type !== recordTypes.message) return true;
    const queueCount = queueCountOf(buffer, start);
    let isWanted = false;
    for (let i = 0, p = queuesAt(buffer, start); i < queueCount; i++, p += queueBytes) {
      const queueIndex = this.indexes.get(readU32(buffer, p));
      const sequence = readU48(buffer, p + 4);
      if (queueIndex?.isLive(sequence) === true) {
        queueIndex.move(sequence, offset);
        isWanted = true;
      } else writeU32(buffer, p, nobody);
    }
    return isWanted;
  }

  /**
   * Starts a batch, which is recovered completely or not at all. May be nested. `end` must follow.
   */
  begin(): void {
    if (this.#batchDepth === 0) this.writeSettlements();
    if (this.#batchDepth === 0) this.log.beginBatch();
    this.#batchDepth++;
  }

  /** Whether a batch is open, started in this turn or earlier by a large commit. */
  get isInBatch(): boolean {
    return this.#batchDepth > 0;
  }

  /** Ends a batch, even after an exception: call it in `finally`. */
  end(): void {
    if (--this.#batchDepth > 0) return;
    try {
      this.writeSettlements();
    } finally {
      this.log.endBatch();
    }
  }

  /** Writes the failed deliveries since the last call. They are synced soon. */
  writeCounts(): void {
    if (!this.counts.isPending) return;
    this.writeSettlements();
    this.counts.write(this.log);
    this.recordCount++;
    this.log.sync();
  }

  /** Writes the settlements since the last call. */
  writeSettlements(): void {
    if (this.#settlements.isEmpty) return;
    this.recordCount += this.#settlements.write(this.log);
    this.#settledGroup = this.log.openGroup;
  }

  /** Appends a change of definitions. It is synced soon. */
  define(change: object): void {
    this.writeSettlements();
    this.#changes.defined(this.#writeDefinition(this.log, change));
    this.definedGroup = this.log.openGroup;
    this.log.sync();
  }

  /** Treats the settlements so far like a definition: they are synced soon. */
  defineSettlements(): void {
    this.writeSettlements();
    if (this.#settledGroup <= this.definedGroup) return;
    this.definedGroup = this.#settledGroup;
    this.log.sync();
  }

  #writeDefinition(log: RecordLog, change: object): Buffer {
    const bytes = Buffer.from(JSON.stringify(change));
    const block = log.reserve(recordTypes.definition, bytes.length);
    this.recordCount++;
    bytes.copy(block.buffer, log.at);
    return bytes;
  }

  #forget(queueIndex: QueueIndex, sequence: number): void {
    const slot = queueIndex.slot(sequence);
    this.log.release(slot, liveBytes(queueIndex.remove(sequence)));
  }

  /** Removes a deleted queue with its messages. */
  drop(queueIndex: QueueIndex): void {
    this.unlink(queueIndex);
    this.dropSome(queueIndex, Infinity);
  }

  /** Removes a deleted queue. Its messages are dropped later. */
  unlink(queueIndex: QueueIndex): void {
    this.indexes.delete(queueIndex.number);
    this.#transientQueues.delete(queueIndex);
    this.#settlements.forget(queueIndex);
  }

  /**
   * Drops messages of a queue after {@link unlink}.
   *
   * @param countMax maximum number
   * @returns the number dropped; less than the maximum if none are left
   */
  dropSome(queueIndex: QueueIndex, countMax: number): number {
    if (queueIndex instanceof StreamIndex) {
      while (queueIndex.dropSegment(this.#release)) if (countMax !== Infinity) return countMax;
      return 0;
    }
    let count = 0;
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1)) {
      if (count >= countMax) return count;
      this.#forget(queueIndex, s);
      count++;
    }
    queueIndex.end();
    return count;
  }

  /**
   * The records that recreate the current state, together with the indexes of older segments. Not
   * called in a batch, which it would split. Pending settlements are included, and written once
   * more later.
   */
  *checkpoint(log: RecordLog): Generator<unknown> {
    // The first base of a mount precedes `recovered`.
    this.counts.recovered();
    for (const change of this.#definitions.snapshot()) yield this.#writeDefinition(log, change);
    for (const queueIndex of this.indexes.values()) {
      yield* writeRanges(log, recordTypes.window, queueIndex);
      yield* this.counts.writeAll(log, queueIndex);
    }
  }

  /** Approximate size of the changes that are not written yet. */
  get changedBytes(): number {
    return this.#changes.bytes;
  }

  /** Writes the changes since the segment began or the last call. */
  changes(log: RecordLog, isLast: boolean): void {
    this.#changes.write(
      log,
      isLast,
      (queueIndex) => this.indexes.get(queueIndex.number) === queueIndex,
    );
  }

  /** Writes the positions of the live messages in the segment that ends. */
  index(segment: number, log: RecordLog): void {
    for (const queueIndex of this.#changes.indexes) {
      if (this.indexes.get(queueIndex.number) !== queueIndex) continue;
      writeIndex(log, recordTypes.index, queueIndex, segment, queueIndex.arrivedFrom);
    }
  }

  /** A segment has begun. */
  begun(): void {
    this.#changes.clear();
    this.#recordBytes = 0;
    this.#retainedBytes = 0;
  }

  /** Less than 1 if messages of this segment are in several queues. */
  get scale(): number {
    return this.#retainedBytes === 0 ? 1 : this.#recordBytes / this.#retainedBytes;
  }

  moves(): MessageMoves {
    return new MessageMoves(this.log, this.indexes, this.#transientQueues);
  }

  /**
   * Applies a record, in the order of the log.
   *
   * @throws {StorageError} `record-invalid` if the record does not match its type
   */
  replay(block: RecordBlock, type: number, buffer: Buffer, start: number, end: number): void {
    requireShape(type, buffer, start, end);
    if (type < recordTypes.window) this.isCleanStop = false;
    switch (type) {
      case recordTypes.message:
        this.#replayMessage(block, buffer, start, end);
        return;
      case recordTypes.settle:
        this.#replaySettle(buffer, start);
        return;
      case recordTypes.definition:
        this.#definitions.apply(parseJson(buffer, start, end) as object); // the type of written definitions
        if (!block.transient) this.#changes.defined(Buffer.from(buffer.subarray(start, end)));
        return;
      case recordTypes.window:
        this.#known.base(readWindow(buffer, start, end));
        return;
      case recordTypes.changed:
        this.#known.changed(readWindow(buffer, start, end));
        return;
      case recordTypes.returned:
        replayReturned(this.indexes, buffer, start, end);
        return;
      case recordTypes.stopped:
        this.isCleanStop = true;
        return;
      case recordTypes.counts:
      case recordTypes.ready:
        this.counts.replay(type, this.indexes, buffer, start, end);
        if (!block.transient) this.#changes.counted(type, Buffer.from(buffer.subarray(start, end)));
        return;
      case recordTypes.index:
        this.#replayIndex(buffer, start, end);
    }
  }

  #replayIndex(buffer: Buffer, start: number, end: number): void {
    if (end - start < indexHeadBytes) throw invalidRecord('index record');
    const queueIndex = this.indexes.get(readU32(buffer, start + 6));
    if (queueIndex === undefined) return;
    this.#known.tell(this.indexes);
    locate(this.log, buffer, start, end, queueIndex, this.#known.live(queueIndex.number));
  }

  #replayMessage(block: RecordBlock, buffer: Buffer, start: number, end: number): void {
    const view = this.#view;
    this.#known.tell(this.indexes);
    if (!view.open(buffer, start, end)) throw invalidRecord('message record');
    for (let i = 0, p = queuesAt(buffer, start); i < view.queueCount; i++, p += queueBytes) {
      const queueIndex = this.indexes.get(readU32(buffer, p));
      // The queue is deleted later in the log.
      if (queueIndex === undefined) continue;
      const sequence = readU48(buffer, p + 4);
      const offset = start - block.start;
      if (queueIndex.arrivedFrom < 0) this.#changes.arrived(queueIndex, sequence);
      const { bodyLength, priority, receivedAtMs } = view;
      const expiryMs = queueIndex.expiryMs(receivedAtMs, view.expiresAtMs);
      queueIndex.put(sequence, block.slot, offset, bodyLength, priority, expiryMs, receivedAtMs);
      this.log.retain(block.slot, liveBytes(view.bodyLength));
    }
  }

  #replaySettle(buffer: Buffer, start: number): void {
    const queueIndex = this.indexes.get(readU32(buffer, start));
    if (queueIndex === undefined) return;
    this.#known.tell(this.indexes);
    const end = readU48(buffer, start + 10);
    this.#changes.settled(queueIndex, readU48(buffer, start + 4), end);
    if (queueIndex instanceof StreamIndex) {
      queueIndex.truncate(end, this.#release);
      return;
    }
    for (
      let s = queueIndex.liveFrom(readU48(buffer, start + 4));
      s < end;
      s = queueIndex.liveFrom(s + 1)
    ) {
      if (!queueIndex.isLive(s)) return;
      this.#forget(queueIndex, s);
    }
  }

  /** Whether a block is being loaded. */
  get isLoading(): boolean {
    return this.#loading.size > 0;
  }

  /** Resolves once the requested blocks are in memory or have failed. */
  loaded(): Promise<unknown> {
    return Promise.allSettled(this.#loading);
  }

  /** Writes which messages were delivered, and closes the log. */
  async close(): Promise<void> {
    while (this.isLoading) await this.loaded();
    this.writeCounts();
    this.writeSettlements();
    await this.log.close(() => writeStop(this.log, this.indexes.values()));
  }
}
