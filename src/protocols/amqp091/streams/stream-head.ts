// The head of a message from a stream.

import { copyBytes, readU32, writeU32 } from '../../../base/bytes.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Delivery } from '../../../broker/subscription.ts';
import { changedHead } from '../codec/properties.ts';

/** The header with the number of the message in its stream. */
const offsetHeader = 'x-stream-offset';
const offsetKey = Buffer.from(`${String.fromCharCode(offsetHeader.length)}${offsetHeader}`);
/** Size of the header: name, type and 64 bits. */
const fieldBytes = offsetKey.length + 1 + 8;
/** Longer heads are changed in a buffer of their own. */
const shortHeadMax = 4096;
const scratch = Buffer.alloc(shortHeadMax + fieldBytes + 4);
const typeLong = 'l'.charCodeAt(0);
const hasHeaders = 0x20;

/** A head, up to an offset. One object is reused for all short heads. */
export interface StreamHead {
  bytes: Buffer;
  end: number;
}

const short: StreamHead = { bytes: scratch, end: 0 };

/** Copies the head of a delivery, and adds the header `x-stream-offset`. */
export function headOfStream(delivery: Delivery): StreamHead {
  const { buffer, headAt, headLength, format, streamOffset } = delivery;
  const end = headAt + headLength;
  const isPlain = format === formatNumbers.amqp091 && headLength <= shortHeadMax;
  const tableAt = isPlain ? headersAt(buffer, headAt) : -1;
  if (!isPlain || (hasTable(buffer, headAt) && hasKey(buffer, tableAt, end))) {
    const value = { type: 'long', value: streamOffset } as const;
    const headers = { BCC: undefined, [offsetHeader]: value };
    const bytes = changedHead(buffer, headAt, end, { headers });
    return { bytes, end: bytes.length };
  }
  let p = copyBytes(scratch, 0, buffer, headAt, tableAt);
  let from = tableAt;
  if (hasTable(buffer, headAt)) {
    const size = readU32(buffer, tableAt);
    p = writeU32(scratch, p, size + fieldBytes);
    from = tableAt + 4 + size;
    p = copyBytes(scratch, p, buffer, tableAt + 4, from);
  } else {
    scratch[0] = (scratch[0] ?? 0) | hasHeaders;
    p = writeU32(scratch, p, fieldBytes);
  }
  p = writeOffset(p, streamOffset);
  short.end = copyBytes(scratch, p, buffer, from, end);
  return short;
}

function writeOffset(at: number, offset: number): number {
  const p = copyBytes(scratch, at, offsetKey, 0, offsetKey.length);
  scratch[p] = typeLong;
  return writeU32(scratch, writeU32(scratch, p + 1, Math.floor(offset / 0x1_0000_0000)), offset);
}

function hasTable(buffer: Buffer, headAt: number): boolean {
  return ((buffer[headAt] ?? 0) & hasHeaders) !== 0;
}

/** The offset of the table of headers, or where it belongs: after two short strings. */
function headersAt(buffer: Buffer, headAt: number): number {
  const flags = buffer[headAt] ?? 0;
  let p = headAt + 2;
  if ((flags & 0x80) !== 0) p += 1 + (buffer[p] ?? 0);
  if ((flags & 0x40) !== 0) p += 1 + (buffer[p] ?? 0);
  return p;
}

/** Whether the bytes of the header's name are anywhere in the table. */
function hasKey(buffer: Buffer, tableAt: number, end: number): boolean {
  const to = Math.min(end, tableAt + 4 + readU32(buffer, tableAt)) - fieldBytes;
  for (let at = tableAt + 4; at <= to; at++) {
    if (buffer[at] !== offsetKey[0] || buffer[at + 1] !== offsetKey[1]) continue;
    if (offsetKey.compare(buffer, at, at + offsetKey.length) === 0) return true;
  }
  return false;
}
