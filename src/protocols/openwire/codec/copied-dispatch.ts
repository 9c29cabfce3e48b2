// Writes MessageDispatch commands in the loose encoding without a cache, which is that of stored
// heads, directly to the output of a connection.

import { copyBytes, writeU32 } from '../../../base/bytes.ts';
import { types } from './commands.gen.ts';
import { type DispatchFields, priorityOf, timestampOf } from './dispatch-writer.ts';
import type { StoredFields } from './stored-fields.ts';
import type { Long } from './wire-reader.ts';
import { writeLong } from './wire-writer.ts';

/** The length of a frame, its type, and a command id that needs no answer. */
const startBytes = 4 + 1 + 4 + 1;
/**
 * The fields of every frame that are not copied: flag and type of the message, its command id, its
 * transaction, the numbers that the broker decides, and the redelivery counter of the dispatch.
 */
const fixedBytes: number = startBytes + 2 + 5 + 1 + 8 + (1 + 8 + 1) + 8 + 4 + (8 + 8 + 1) + 4;

/** The size of the original destination of a message, in bytes. */
function originalSize(f: StoredFields, d: DispatchFields): number {
  if (f.originalEnd > f.originalAt) return f.originalEnd - f.originalAt;
  return d.original === undefined ? 1 : d.original.bytes.length;
}

/**
 * Returns the size of the frame that {@link copyDispatch} writes, in bytes.
 *
 * @param bodySize the size of the content; -1 if the message has none
 */
export function copiedDispatchSize(f: StoredFields, d: DispatchFields, bodySize: number): number {
  return (
    fixedBytes +
    d.consumer.bytes.length +
    2 * d.destination.bytes.length +
    d.producer.bytes.length +
    originalSize(f, d) +
    (f.sequenceAt + 8 - f.messageIdAt) +
    (f.persistentAt - f.originalTransactionAt) +
    (f.timestampAt - f.replyToAt) +
    (f.contentAt - f.jmsTypeAt) +
    (bodySize < 0 ? 1 : 5 + bodySize) +
    (f.compressedAt + 1 - f.propertiesAt) +
    (f.brokerInTimeAt - f.brokerPathAt)
  );
}

/** Returns the offset of the message id in the frame that {@link copyDispatch} writes. */
export function messageIdOffset(f: StoredFields, d: DispatchFields): number {
  const { consumer, destination, producer } = d;
  const structures = consumer.bytes.length + 2 * destination.bytes.length + producer.bytes.length;
  // Flag, type and command id of the message, and its transaction.
  return startBytes + 2 + 5 + 1 + structures + originalSize(f, d);
}

/**
 * Writes a frame.
 *
 * @param out has room for the whole frame at `start`
 * @param size the size of the frame, from {@link copiedDispatchSize}
 * @param bodyAt the offset of the content in the buffer of the fields
 * @param bodySize the size of the content; -1 if the message has none
 */
export function copyDispatch(
  out: Buffer,
  start: number,
  size: number,
  f: StoredFields,
  d: DispatchFields,
  bodyAt: number,
  bodySize: number,
): void {
  const { bytes } = f;
  let at = writeU32(out, start, size - 4);
  out[at] = types.MessageDispatch;
  at = zeros(out, at + 1, 5);
  at = all(out, at, d.consumer.bytes);
  at = all(out, at, d.destination.bytes);
  out[at] = 1;
  out[at + 1] = f.type;
  at = zeros(out, at + 2, 5);
  at = all(out, at, d.producer.bytes);
  at = all(out, at, d.destination.bytes);
  out[at] = 0; // transaction
  at = copyOriginal(out, at + 1, f, d);
  at = copyBytes(out, at, bytes, f.messageIdAt, f.sequenceAt + 8);
  at = putLong(out, at, d.number);
  at = copyBytes(out, at, bytes, f.originalTransactionAt, f.persistentAt);
  out[at] = d.isPersistent ? 1 : 0;
  at = putLong(out, at + 1, d.expiration);
  out[at] = priorityOf(f, d);
  at = copyBytes(out, at + 1, bytes, f.replyToAt, f.timestampAt);
  at = putLong(out, at, timestampOf(f));
  at = copyBytes(out, at, bytes, f.jmsTypeAt, f.contentAt);
  out[at++] = bodySize < 0 ? 0 : 1;
  if (bodySize >= 0) {
    at = writeU32(out, at, bodySize);
    at = copyBytes(out, at, bytes, bodyAt, bodyAt + bodySize);
  }
  copyEnd(out, at, f, d);
}

function copyOriginal(out: Buffer, at: number, f: StoredFields, d: DispatchFields): number {
  if (f.originalEnd > f.originalAt) {
    return copyBytes(out, at, f.bytes, f.originalAt, f.originalEnd);
  }
  if (d.original !== undefined) return all(out, at, d.original.bytes);
  out[at] = 0;
  return at + 1;
}

/** Copies the fields after the content. */
function copyEnd(out: Buffer, start: number, f: StoredFields, d: DispatchFields): void {
  let at = copyBytes(out, start, f.bytes, f.propertiesAt, f.compressedAt + 1);
  at = writeU32(out, at, d.redeliveryCounter);
  at = copyBytes(out, at, f.bytes, f.brokerPathAt, f.brokerInTimeAt);
  at = putLong(out, at, d.brokerInTime);
  at = putLong(out, at, d.brokerOutTime);
  out[at] = d.isFirstOfGroup ? 1 : 0;
  writeU32(out, at + 1, d.redeliveryCounter);
}

function all(out: Buffer, at: number, from: Buffer): number {
  return copyBytes(out, at, from, 0, from.length);
}

function zeros(out: Buffer, at: number, count: number): number {
  for (let i = at; i < at + count; i++) out[i] = 0;
  return at + count;
}

function putLong(out: Buffer, at: number, value: Long): number {
  if (typeof value === 'bigint') out.writeBigInt64BE(BigInt.asIntN(64, value), at);
  else writeLong(out, at, value);
  return at + 8;
}
