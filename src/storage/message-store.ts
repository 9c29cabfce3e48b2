import { assert } from '../base/assert.ts';
import { copyBytes, readU32, readU48, writeU32, writeU48 } from '../base/bytes.ts';
import type { Journal } from './journal.ts';
import { recordEnd, recordTypeOf } from './log/records.ts';
import { indexHeadBytes, locate, readWindow, writeIndex, writeRanges } from './message-index.ts';
import {
  countDurable,
  hasExpiry,
  hasLongAddress,
  type IncomingMessage,
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
import { Settlements } from './messages/settlements.ts';
import type { QueueIndex } from './queue-index.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';
import { invalidRecord, parseJson, recordTypes, requireShape } from './record-shapes.ts';

/** Stands in a message record for a queue that settled the message before it was written. */
const nobody = 0;

/** Where a broker's messages lie: appends them, settles them, and finds them again after a restart. */
export class MessageStore {
  /** Windows of durable queues by number. */
  readonly indexes = new Map<number, QueueIndex>();
  readonly #definitions: Journal;
  readonly #view = new MessageView();
  #log: RecordLog | undefined = undefined;
  #batchDepth = 0;
  /** The group that the last settlement is in. */
  #settledGroup = 0;
  readonly #loading = new Set<Promise<void>>();
  readonly #changes = new MessageChanges(recordTypes);
  readonly #settlements = new Settlements(recordTypes.settle, this.#changes);
  /** Failed deliveries, in queues that count them. */
  readonly counts = new DeliveryCounts(recordTypes.counts, this.#changes);
  readonly #known = new KnownNumbers();
  /** Queues that are not durable and have messages that are in the log for others. */
  readonly #guests = new Set<QueueIndex>();
  /** Bytes of the messages of the present segment, once each, and once for every queue. */
  #recordBytes = 0;
  #retainedBytes = 0;
  /** Whether the volume was left by a clean stop: what was delivered before is then known exactly. */
  isCleanStop = true;
  /** The group that the last definition or purge is in. */
  definedGroup = 0;
  /** Records appended to the log by this run. */
  recordCount = 0;

  /** @param definitions folded at recovery, and part of each checkpoint */
  constructor(definitions: Journal) {
    this.#definitions = definitions;
  }

  /** The log, once {@link attach} was called. */
  get log(): RecordLog {
    assert(this.#log !== undefined, 'the message store has no log yet');
    return this.#log;
  }

  /** Gives the store its log: before the log replays anything into it. */
  attach(log: RecordLog): void {
    this.#log = log;
  }

  /** Everything has been replayed. */
  recovered(): void {
    this.#known.tell(this.indexes);
    this.#known.clear();
    this.counts.recovered();
  }

  /**
   * Appends one message for all its queues, of which each takes it under its next number.
   *
   * @param expiresAtMs wall milliseconds, or Infinity
   * @throws {StorageError} `record-invalid` where its parts do not fit its lengths; nothing is appended
   */
  append(
    message: IncomingMessage,
    indexes: readonly QueueIndex[],
    isPersistent: boolean,
    nowMs: number,
    expiresAtMs: number,
  ): RecordBlock {
    const log = this.log;
    if (isPersistent) this.writeSettlements();
    const queueCount = isPersistent ? countDurable(indexes) : 0;
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
    p = copyBytes(buffer, p, message.head, message.headStart, message.headEnd);
    for (let i = 0; i < message.partCount; i++) {
      const part = message.parts[i];
      assert(part !== undefined, 'a message lacks a part of its body');
      p = copyBytes(buffer, p, part, message.partStarts[i] ?? 0, message.partEnds[i] ?? 0);
    }
    assert(p === at + size, 'a message record is not as long as it says');
    // A queue that is not durable is not named in the record, so that it could not be told of a move.
    if (queueCount > 0 && queueCount < indexes.length) block.fix();
    this.#enqueue(message, indexes, block, nowMs, expiresAtMs);
    return block;
  }

  /** Adds the message whose record was just reserved to its queues. */
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
      const dueMs = queueIndex.dueMs(nowMs, expiresAtMs);
      const { bodyLength, priority } = message;
      const sequence = queueIndex.append(block.slot, offset, bodyLength, priority, dueMs);
      if (queueIndex.arrivedFrom < 0) this.#changes.arrived(queueIndex, sequence);
      log.retain(block.slot, liveBytes(bodyLength));
      if (!queueIndex.isDurable && !block.transient) this.#guests.add(queueIndex);
    }
  }

  /**
   * Points the view at a live message; false where its block must be loaded first. That is so too
   * where its record is damaged: the log has then failed, and no load succeeds.
   */
  view(queueIndex: QueueIndex, sequence: number, view: MessageView): boolean {
    const slot = queueIndex.slot(sequence);
    const block = this.log.blocks[slot];
    if (block === undefined) return false;
    const { buffer, start } = block;
    const at = start + queueIndex.offset(sequence);
    const end = recordEnd(buffer, at);
    const isMessage = end <= block.end && recordTypeOf(buffer, at) === recordTypes.message;
    if (isMessage && view.open(buffer, at, end)) return true;
    this.log.damaged(slot, at - start);
    return false;
  }

  /** Brings the block that holds a live message back into memory. */
  load(queueIndex: QueueIndex, sequence: number): Promise<void> {
    const loading = this.log.load(queueIndex.slot(sequence));
    const over = () => this.#loading.delete(loading);
    this.#loading.add(loading);
    loading.then(over, over);
    return loading;
  }

  /**
   * Removes a message from its queue for good; in the log before the next message is. One whose block
   * is not sealed yet is left out of it instead.
   */
  settle(queueIndex: QueueIndex, sequence: number): void {
    const slot = queueIndex.slot(sequence);
    const block = this.log.blocks[slot];
    // What is not in memory is sealed, and on the disk.
    const isWritten = block === undefined || (block.isSealed && !block.transient);
    if (queueIndex.isDurable && isWritten) {
      this.recordCount += this.#settlements.add(queueIndex, sequence, this.log);
    }
    this.log.release(slot, liveBytes(queueIndex.remove(sequence)));
  }

  /**
   * Asked of each record before its block is sealed: whether it is needed. Queues that have settled
   * a message are taken out of its record, and the others learn where it will lie.
   *
   * @param offset where its payload will begin, from the start of the block
   */
  keeps(type: number, buffer: Buffer, start: number, offset: number): boolean {
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

  /** Begins a batch that is recovered whole or not at all; may be nested. `end` must follow. */
  begin(): void {
    if (this.#batchDepth === 0) this.writeSettlements();
    if (this.#batchDepth === 0) this.log.beginBatch();
    this.#batchDepth++;
  }

  /** Whether a batch has begun and not ended: in this turn, or in an earlier one by a large commit. */
  get isInBatch(): boolean {
    return this.#batchDepth > 0;
  }

  /** Ends what `begin` began, whatever was thrown since: to be called in a `finally`. */
  end(): void {
    if (--this.#batchDepth > 0) return;
    try {
      this.writeSettlements();
    } finally {
      this.log.endBatch();
    }
  }

  /** Writes which deliveries failed since the last call; it is synced soon. */
  writeCounts(): void {
    if (!this.counts.isPending) return;
    this.writeSettlements();
    this.counts.write(this.log);
    this.recordCount++;
    this.log.sync();
  }

  /** Writes what was settled since the last call. */
  writeSettlements(): void {
    if (this.#settlements.isEmpty) return;
    this.recordCount += this.#settlements.write(this.log);
    this.#settledGroup = this.log.openGroup;
  }

  /** Appends a change of definitions; it is synced soon. */
  define(change: object): void {
    this.writeSettlements();
    this.#changes.defined(this.#writeDefinition(this.log, change));
    this.definedGroup = this.log.openGroup;
    this.log.sync();
  }

  /** Makes what was settled so far count as a definition: it is synced soon. */
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

  /** Forgets a deleted queue with its messages. */
  drop(queueIndex: QueueIndex): void {
    this.unlink(queueIndex);
    this.dropSome(queueIndex, Infinity);
  }

  /** Forgets a deleted queue; its messages are still to be dropped. */
  unlink(queueIndex: QueueIndex): void {
    this.indexes.delete(queueIndex.number);
    this.#guests.delete(queueIndex);
    this.#settlements.forget(queueIndex);
  }

  /**
   * Drops messages of a queue that {@link unlink} forgot.
   *
   * @param countMax how many at most
   * @returns how many; fewer than that many where it was the last of them
   */
  dropSome(queueIndex: QueueIndex, countMax: number): number {
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
   * Everything that recreates the present state, given the indexes of older segments. Never within a
   * batch, of which it would have half. Settlements not yet written are in it, and follow once more.
   */
  *checkpoint(log: RecordLog): Generator<unknown> {
    // The first base of a mount comes before `recovered`.
    this.counts.recovered();
    for (const change of this.#definitions.snapshot()) yield this.#writeDefinition(log, change);
    for (const queueIndex of this.indexes.values()) {
      yield* writeRanges(log, recordTypes.window, queueIndex);
      yield* this.counts.writeAll(log, queueIndex);
    }
  }

  /** Bytes, about, of what was changed and not yet written again. */
  get changedBytes(): number {
    return this.#changes.bytes;
  }

  /** What was changed since the segment began, or since the last call. */
  changes(log: RecordLog, isLast: boolean): void {
    this.#changes.write(
      log,
      isLast,
      (queueIndex) => this.indexes.get(queueIndex.number) === queueIndex,
    );
  }

  /** The live messages that came to the segment that ends. */
  index(segment: number, log: RecordLog): void {
    for (const queueIndex of this.#changes.indexes) {
      if (this.indexes.get(queueIndex.number) !== queueIndex) continue;
      writeIndex(log, recordTypes.index, queueIndex, segment, queueIndex.arrivedFrom);
    }
  }

  /** A segment begins. */
  begun(): void {
    this.#changes.clear();
    this.#recordBytes = 0;
    this.#retainedBytes = 0;
  }

  /** Less than 1 where messages of this segment are in several queues. */
  get scale(): number {
    return this.#retainedBytes === 0 ? 1 : this.#recordBytes / this.#retainedBytes;
  }

  moves(): MessageMoves {
    return new MessageMoves(this.log, this.indexes, this.#guests);
  }

  /**
   * Folds one record in, in the order of the log.
   *
   * @throws {StorageError} `record-invalid` where the record is not laid out as its type says
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
        this.#definitions.apply(parseJson(buffer, start, end) as object); // which is what is written
        if (!block.transient) this.#changes.defined(Buffer.from(buffer.subarray(start, end)));
        return;
      case recordTypes.window:
        this.#known.base(readWindow(buffer, start, end));
        return;
      case recordTypes.changed:
        this.#known.changed(readWindow(buffer, start, end));
        return;
      case recordTypes.returned:
        this.#replayRedelivered(buffer, start, end);
        return;
      case recordTypes.stopped:
        this.isCleanStop = true;
        return;
      case recordTypes.counts:
        this.counts.replay(this.indexes, buffer, start, end);
        if (!block.transient) this.#changes.counted(Buffer.from(buffer.subarray(start, end)));
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
      // A queue deleted later in the log has its messages here still.
      if (queueIndex === undefined) continue;
      const sequence = readU48(buffer, p + 4);
      const offset = start - block.start;
      if (queueIndex.arrivedFrom < 0) this.#changes.arrived(queueIndex, sequence);
      const dueMs = queueIndex.dueMs(view.receivedAtMs, view.expiresAtMs);
      queueIndex.put(sequence, block.slot, offset, view.bodyLength, view.priority, dueMs);
      this.log.retain(block.slot, liveBytes(view.bodyLength));
    }
  }

  #replaySettle(buffer: Buffer, start: number): void {
    const queueIndex = this.indexes.get(readU32(buffer, start));
    if (queueIndex === undefined) return;
    this.#known.tell(this.indexes);
    const end = readU48(buffer, start + 10);
    this.#changes.settled(queueIndex, readU48(buffer, start + 4), end);
    for (
      let s = queueIndex.liveFrom(readU48(buffer, start + 4));
      s < end;
      s = queueIndex.liveFrom(s + 1)
    ) {
      if (!queueIndex.isLive(s)) return;
      this.#forget(queueIndex, s);
    }
  }

  #replayRedelivered(buffer: Buffer, start: number, end: number): void {
    const { queue, ranges } = readWindow(buffer, start, end);
    const queueIndex = this.indexes.get(queue);
    if (queueIndex === undefined) return;
    for (let i = 0; i < ranges.length; i += 2) {
      const last = Math.min(ranges[i + 1] ?? 0, queueIndex.next);
      for (let s = queueIndex.liveFrom(ranges[i] ?? 0); s < last; s = queueIndex.liveFrom(s + 1)) {
        queueIndex.markRedelivered(s, false);
      }
    }
  }

  /** Whether somebody waits for a block. */
  get isLoading(): boolean {
    return this.#loading.size > 0;
  }

  /** Resolves once the blocks that are waited for now are in memory, or have failed. */
  loaded(): Promise<unknown> {
    return Promise.allSettled(this.#loading);
  }

  /** Writes which messages were delivered before and closes the log. */
  async close(): Promise<void> {
    while (this.isLoading) await this.loaded();
    this.writeCounts();
    this.writeSettlements();
    // A segment that began now would have nothing of what is said next in its checkpoint.
    this.log.beginBatch();
    try {
      for (const queueIndex of this.indexes.values()) {
        const steps = writeRanges(this.log, recordTypes.returned, queueIndex, (s) =>
          queueIndex.isRedelivered(s),
        );
        for (const _ of steps);
      }
      this.log.reserve(recordTypes.stopped, 0);
    } finally {
      this.log.endBatch();
    }
    await this.log.close();
  }
}
