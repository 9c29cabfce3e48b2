// The format of message records.

import { assert } from '../base/assert.ts';
import { decodeText } from '../base/byte-text.ts';
import { copyBytes, readU32, readU48, writeU32, writeU48 } from '../base/bytes.ts';
import { StorageError } from './errors.ts';
import { largeRecordBytes } from './log/block.ts';
import type { QueueIndex } from './queue-index.ts';
import type { RecordBlock, RecordLog } from './record-log.ts';

/*
 * flags u8 | format u8 | queue count u16, or u32 with flag 4 | per queue: number u32, sequence u48 |
 * received ms u48 | [expires ms u48] | priority u8 | exchange, routing key: short strings, or
 * strings with a u16 length with flag 8 |
 * head length u32 | body length u32 | head | body. Numbers are big-endian.
 */

/** Flag: the message has a time to live. */
export const hasExpiry = 1;

/** Flag: the sender requested persistence, even if no queue is durable. */
export const persistent = 2;

/** Flag: the number of queues has 32 bits instead of 16. */
const hasWideCount = 4;

/** Flag: exchange and routing key have lengths of 16 bits instead of 8. */
export const hasLongAddress = 8;

const knownFlags = hasExpiry | persistent | hasWideCount | hasLongAddress;

/** Maximum of a 16-bit queue count. */
const narrowCountMax = 0xffff;

/** Size of a queue in a message record. */
export const queueBytes = 10;

/** Size of a message record without queues, address, head, body and expiry. */
const fixedBytes = 1 + 1 + 2 + 6 + 1 + 4 + 4;

/** Approximate size of a message record without its body. */
const usualHeadBytes = 96;

/** Approximate size of a message in the log. */
export function liveBytes(bodyLength: number): number {
  return bodyLength + usualHeadBytes;
}

/** A message to store, with its parts in the received buffers. */
export interface IncomingMessage {
  readonly format: number;
  readonly priority: number;
  /**
   * Exchange and routing key, consecutive, between two offsets: each with a length of 8 or 16 bits.
   */
  readonly address: Buffer;
  readonly addressStart: number;
  readonly addressEnd: number;
  /** Whether the lengths of exchange and routing key have 16 bits. */
  readonly isAddressLong?: boolean;
  readonly head: Buffer;
  readonly headStart: number;
  readonly headEnd: number;
  /** Total size of all parts. */
  readonly bodyLength: number;
  readonly partCount: number;
  readonly parts: readonly Buffer[];
  readonly partStarts: readonly number[];
  readonly partEnds: readonly number[];
}

/**
 * Computes the size of a message record.
 *
 * @throws {StorageError} `record-invalid` if a part does not match its length
 */
export function messageRecordBytes(
  message: IncomingMessage,
  queueCount: number,
  expires: boolean,
): number {
  const { address, addressStart, addressEnd, headStart, headEnd, bodyLength } = message;
  if ((message.format | message.priority) >>> 0 > 0xff) {
    throw invalid(`format ${message.format} or priority ${message.priority} is not a byte`);
  }
  const areLong = message.isAddressLong === true;
  const routingKeyAt = shortOrLongStringEnd(address, addressStart, areLong);
  if (
    shortOrLongStringEnd(address, routingKeyAt, areLong) !== addressEnd ||
    addressEnd > address.length
  ) {
    throw invalid(`${addressEnd - addressStart} bytes of address are not two strings`);
  }
  if (headEnd < headStart || headEnd > message.head.length) {
    throw invalid(
      `a head from ${headStart} to ${headEnd} is not in its ${message.head.length} bytes`,
    );
  }
  let partBytes = 0;
  for (let i = 0; i < message.partCount; i++) partBytes += sizeOfPart(message, i);
  if (partBytes !== bodyLength) {
    throw invalid(`a body of ${bodyLength} bytes has parts of ${partBytes} bytes`);
  }
  return (
    fixedBytes +
    (queueCount > narrowCountMax ? 2 : 0) +
    queueCount * queueBytes +
    (expires ? 6 : 0) +
    (addressEnd - addressStart) +
    (headEnd - headStart) +
    bodyLength
  );
}

/** The end of a string whose length is at an offset; may be beyond the buffer. */
function shortOrLongStringEnd(buffer: Buffer, at: number, isLong: boolean): number {
  const first = buffer[at] ?? 0;
  return isLong ? at + 2 + ((first << 8) | (buffer[at + 1] ?? 0)) : at + 1 + first;
}

function sizeOfPart(message: IncomingMessage, i: number): number {
  const start = message.partStarts[i] ?? 0;
  const end = message.partEnds[i] ?? 0;
  const length = message.parts[i]?.length ?? 0;
  if (end < start || end > length) {
    throw invalid(`a part of a body from ${start} to ${end} is not in its ${length} bytes`);
  }
  return end - start;
}

function invalid(what: string): StorageError {
  return new StorageError('record-invalid', `a message is not written: ${what}`);
}

/** Writes the part of a record before the time of receipt, and returns the next offset. */
export function writeQueues(
  buffer: Buffer,
  at: number,
  flags: number,
  format: number,
  queueCount: number,
  indexes: readonly QueueIndex[],
): number {
  const isWide = queueCount > narrowCountMax;
  buffer[at] = isWide ? flags | hasWideCount : flags;
  buffer[at + 1] = format;
  let p = at + 4;
  if (isWide) p = writeU32(buffer, at + 2, queueCount);
  else {
    buffer[at + 2] = queueCount >>> 8;
    buffer[at + 3] = queueCount;
  }
  if (queueCount === 0) return p;
  for (const queueIndex of indexes) {
    if (queueIndex.isDurable)
      p = writeU48(buffer, writeU32(buffer, p, queueIndex.number), queueIndex.next);
  }
  return p;
}

/**
 * Copies head and body to an offset of the last reserved record, and returns the next offset. The body
 * of a large message is copied later.
 */
export function copyContents(
  log: RecordLog,
  block: RecordBlock,
  at: number,
  message: IncomingMessage,
): number {
  const { head, headStart, headEnd, partCount, parts, partStarts, partEnds } = message;
  const { buffer } = block;
  if (message.bodyLength > largeRecordBytes) {
    const bodyAt = copyBytes(buffer, at, head, headStart, headEnd);
    if (log.fillLater?.(block, bodyAt, message) === true) return bodyAt + message.bodyLength;
  }
  // Messages of transactions are stored in one piece, and are copied in one.
  if (partCount === 1 && parts[0] === head && partStarts[0] === headEnd) {
    return copyBytes(buffer, at, head, headStart, partEnds[0] ?? 0);
  }
  let p = copyBytes(buffer, at, head, headStart, headEnd);
  for (let i = 0; i < partCount; i++) {
    const part = parts[i];
    assert(part !== undefined, 'a message lacks a part of its body');
    p = copyBytes(buffer, p, part, partStarts[i] ?? 0, partEnds[i] ?? 0);
  }
  return p;
}

/** The number of queues in a message record. */
export function queueCountOf(buffer: Buffer, at: number): number {
  if (((buffer[at] ?? 0) & hasWideCount) !== 0) return readU32(buffer, at + 2);
  return ((buffer[at + 2] ?? 0) << 8) | (buffer[at + 3] ?? 0);
}

/** The offset of the queues in a message record. */
export function queuesAt(buffer: Buffer, at: number): number {
  return ((buffer[at] ?? 0) & hasWideCount) === 0 ? at + 4 : at + 6;
}

/** A view of a stored message. It is reused, so callers must not retain it. */
export class MessageView {
  buffer: Buffer = Buffer.alloc(0);
  /** The offset of the record. */
  at = 0;
  format = 0;
  queueCount = 0;
  isPersistent = false;
  receivedAtMs = 0;
  /** Milliseconds since 1970; Infinity for never. */
  expiresAtMs = Infinity;
  /** 0 to 255. */
  priority = 0;
  /** Exchange and routing key, consecutive, up to `addressEnd`; see `IncomingMessage.address`. */
  addressAt = 0;
  addressEnd = 0;
  isAddressLong = false;
  headAt = 0;
  headLength = 0;
  bodyAt = 0;
  bodyLength = 0;

  /**
   * Opens the view on the record between two offsets.
   *
   * @returns whether the record is well-formed: its parts fill it exactly. Otherwise the view must
   *   not be used
   */
  open(buffer: Buffer, at: number, end: number): boolean {
    if (end > buffer.length || end - at < fixedBytes) return false;
    if (((buffer[at] ?? 0) & ~knownFlags) !== 0) return false;
    this.buffer = buffer;
    this.at = at;
    this.isPersistent = ((buffer[at] ?? 0) & persistent) !== 0;
    this.isAddressLong = ((buffer[at] ?? 0) & hasLongAddress) !== 0;
    this.format = buffer[at + 1] ?? 0;
    this.queueCount = queueCountOf(buffer, at);
    let p = queuesAt(buffer, at) + this.queueCount * queueBytes;
    if (p + 6 > end) return false;
    this.receivedAtMs = readU48(buffer, p);
    p += 6;
    if (((buffer[at] ?? 0) & hasExpiry) === 0) this.expiresAtMs = Infinity;
    else {
      if (p + 6 > end) return false;
      this.expiresAtMs = readU48(buffer, p);
      p += 6;
    }
    return this.#openParts(buffer, p, end);
  }

  #openParts(buffer: Buffer, start: number, end: number): boolean {
    if (start + 2 > end) return false;
    this.priority = buffer[start] ?? 0;
    this.addressAt = start + 1;
    let p = shortOrLongStringEnd(buffer, this.addressAt, this.isAddressLong);
    if (p >= end) return false;
    p = shortOrLongStringEnd(buffer, p, this.isAddressLong);
    if (p + 8 > end) return false;
    this.addressEnd = p;
    this.headLength = readU32(buffer, p);
    this.bodyLength = readU32(buffer, p + 4);
    this.headAt = p + 8;
    this.bodyAt = this.headAt + this.headLength;
    return this.bodyAt + this.bodyLength === end;
  }

  /** The exchange to which the message was published. */
  exchangeName(): string {
    const end = shortOrLongStringEnd(this.buffer, this.addressAt, this.isAddressLong);
    return decodeText(this.buffer, this.addressAt + (this.isAddressLong ? 2 : 1), end);
  }

  /** The routing key of the message. */
  routingKey(): string {
    const at = shortOrLongStringEnd(this.buffer, this.addressAt, this.isAddressLong);
    return decodeText(this.buffer, at + (this.isAddressLong ? 2 : 1), this.addressEnd);
  }
}

/** Clears the flag `persistent` in the record whose payload was just written. */
export function clearPersistent(buffer: Buffer, at: number): void {
  buffer[at] = (buffer[at] ?? 0) & ~persistent;
}

/** Whether any of the queues keeps messages that are not persistent. */
export function keepsAll(indexes: readonly QueueIndex[]): boolean {
  for (const queueIndex of indexes) if (queueIndex.keepsAll) return true;
  return false;
}

/** The number of durable queues, which are named in the record. */
export function countDurable(indexes: readonly QueueIndex[]): number {
  let count = 0;
  for (const queueIndex of indexes) if (queueIndex.isDurable) count++;
  return count;
}
