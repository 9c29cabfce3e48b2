// Heads of messages of AMQP 0-9-1 that are written and read without decoding their properties.

import { copyBytes } from '../../../base/bytes.ts';
import type { Headers } from './headers.ts';

/*
 * A head with headers, and perhaps a delivery mode: flags u16 | size of the table u32 | entries | mode u8.
 * An entry of the table with text: size of the name u8 | name | `S` | size of the value u32 | value.
 */
const headersFlag = 0x2000;
const modeFlag = 0x1000;
const textType = 'S'.charCodeAt(0);
const lineEnd = 0x0a;
const colon = 0x3a;
const prefixBytes = 6;
const entryBytes = 6;

/** The largest head of either direction: others are decoded, and their lines may be kept. */
export const plainHeadMax = 512;

const scratch = Buffer.alloc(plainHeadMax);
const persistent = Buffer.from('persistent:');

/**
 * Encodes the headers of a SEND frame, in reverse order as RabbitMQ writes them.
 *
 * @param isProperty whether a header is a property of the message, or no part of it
 * @param isPersistent whether there is the header `persistent` with the value `true`
 * @returns undefined if another property than that is among them, or a text needs another encoding
 */
export function encodePlainHead(
  headers: Headers,
  isProperty: (name: string) => boolean,
  isPersistent: boolean,
): Buffer | undefined {
  let at = plainHeadMax;
  if (isPersistent) scratch[--at] = 2;
  const tableEnd = at;
  for (const [name, value] of headers) {
    if (isProperty(name)) {
      if (name === 'destination' || name === 'persistent') continue;
      return undefined;
    }
    at -= entryBytes + name.length + value.length;
    if (at < prefixBytes || !writeEntry(at, name, value)) return undefined;
  }
  writeU32(at - 4, tableEnd - at);
  scratch[at - 6] = (isPersistent ? headersFlag | modeFlag : headersFlag) >>> 8;
  scratch[at - 5] = 0;
  const encoded = Buffer.allocUnsafe(plainHeadMax - at + prefixBytes);
  copyBytes(encoded, 0, scratch, at - prefixBytes, plainHeadMax);
  return encoded;
}

/** Returns false if the name is too long, or a text has characters that are not ASCII. */
function writeEntry(at: number, name: string, value: string): boolean {
  if (name.length > 255) return false;
  scratch[at] = name.length;
  const valueAt = at + 1 + name.length;
  scratch[valueAt] = textType;
  writeU32(valueAt + 1, value.length);
  return writeAscii(name, at + 1) && writeAscii(value, valueAt + 5);
}

function writeU32(at: number, value: number): void {
  scratch[at] = 0; // a head is shorter than 64 KiB
  scratch[at + 1] = 0;
  scratch[at + 2] = value >>> 8;
  scratch[at + 3] = value;
}

/** Returns false if the text has other characters. */
function writeAscii(text: string, at: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return false;
    scratch[at + i] = unit;
  }
  return true;
}

/**
 * Writes the lines of a MESSAGE frame that come from a head. They take at most 16 bytes more than it.
 *
 * @param to has room for them from `from` on
 * @returns the position after the lines; -1 if the head must be decoded
 */
export function writePlainLines(
  to: Buffer,
  from: number,
  head: Buffer,
  start: number,
  end: number,
): number {
  if (end - start < prefixBytes || end - start > plainHeadMax) return -1;
  const flags = ((head[start] ?? 0) << 8) | (head[start + 1] ?? 0);
  if ((flags & ~modeFlag) !== headersFlag) return -1;
  const modeBytes = (flags & modeFlag) === 0 ? 0 : 1;
  const tableAt = start + prefixBytes;
  const tableEnd = tableAt + head.readUInt32BE(start + 2);
  if (tableEnd + modeBytes !== end) return -1;
  const at = writeEntries(to, from, head, tableAt, tableEnd);
  return at < 0 || modeBytes === 0 ? at : writeMode(to, at, head[end - 1] ?? 0);
}

function writeEntries(
  to: Buffer,
  from: number,
  head: Buffer,
  tableAt: number,
  tableEnd: number,
): number {
  let at = from;
  for (let p = tableAt; p < tableEnd; ) {
    const valueAt = p + 1 + (head[p] ?? 0);
    if (valueAt + 5 > tableEnd || head[valueAt] !== textType) return -1;
    const next = valueAt + 5 + head.readUInt32BE(valueAt + 1);
    if (next > tableEnd || isNamedByBroker(head, p + 1, valueAt)) return -1;
    at = copyPlain(to, at, head, p + 1, valueAt, colon);
    if (at >= 0) at = copyPlain(to, at, head, valueAt + 5, next, lineEnd);
    if (at < 0) return -1;
    p = next;
  }
  return at;
}

/** The first letters of headers that are left out or converted: `content-length` and `reply-to`. */
const contentLength = Buffer.from('content-length');
const replyTo = Buffer.from('reply-to');

function isNamedByBroker(head: Buffer, start: number, end: number): boolean {
  const name = end - start === contentLength.length ? contentLength : replyTo;
  if (end - start !== name.length || head[start] !== name[0]) return false;
  return head.compare(name, 0, name.length, start, end) === 0;
}

/** The bytes that are escaped: null, line feed, carriage return, colon and backslash. */
const isEscaped = new Uint8Array(256);
for (const byte of [0, lineEnd, 0x0d, colon, 0x5c]) isEscaped[byte] = 1;

/** Copies bytes that need no escape, and a last one; returns -1 if there is another. */
function copyPlain(
  to: Buffer,
  from: number,
  head: Buffer,
  start: number,
  end: number,
  last: number,
): number {
  let at = from;
  for (let i = start; i < end; i++) {
    const byte = head[i] ?? 0;
    if (isEscaped[byte] === 1) return -1;
    to[at++] = byte;
  }
  to[at] = last;
  return at + 1;
}

function writeMode(to: Buffer, from: number, mode: number): number {
  let at = from + persistent.copy(to, from);
  at += to.write(mode === 2 ? 'true' : String(mode), at, 'latin1');
  to[at] = lineEnd;
  return at + 1;
}
