// Java's modified UTF-8.

import { isAscii, isUtf8 } from 'node:buffer';
import { UnitWriter } from '../../../base/text/unit-writer.ts';

/*
 * U+0000 is written as C0 80, and a character above U+FFFF as two surrogates of three bytes each.
 * Plain UTF-8 is accepted too. A byte that is part of neither becomes a lone surrogate, as in
 * `base/byte-text.ts`.
 */

const escapeBase = 0xdc00;
const needsModification = /[\0\ud800-\udfff]/;
/** Up to this size, in bytes, a loop is faster than a call of Node's function. */
const shortBytesMax = 64;

/** Decodes the bytes between two offsets. */
export function decodeModified(bytes: Buffer, start: number, end: number): string {
  if (hasOnlyAscii(bytes, start, end)) return bytes.toString('latin1', start, end);
  if (isUtf8(bytes.subarray(start, end))) return bytes.toString('utf8', start, end);
  const units = new UnitWriter();
  for (let at = start; at < end; ) at = decodeOne(bytes, at, end, units);
  return units.text();
}

/** Whether all bytes between two offsets are ASCII. */
function hasOnlyAscii(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > shortBytesMax) return isAscii(bytes.subarray(start, end));
  for (let at = start; at < end; at++) if ((bytes[at] ?? 0) >= 0x80) return false;
  return true;
}

/** Decodes one character and returns the offset after it. */
function decodeOne(bytes: Buffer, at: number, end: number, units: UnitWriter): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) {
    units.add(first);
    return at + 1;
  }
  const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const isSound = first >= 0xc0 && first < 0xf5 && hasTail(bytes, at, size, end);
  if (!isSound) {
    units.add(escapeBase + first);
    return at + 1;
  }
  let code = first & (0xff >> (size + 1));
  for (let i = 1; i < size; i++) code = (code << 6) | ((bytes[at + i] ?? 0) & 0x3f);
  if (size < 4) units.add(code & 0xffff);
  else {
    const above = (code - 0x1_0000) & 0xf_ffff;
    units.add(0xd800 + (above >> 10));
    units.add(0xdc00 + (above & 0x3ff));
  }
  return at + size;
}

function hasTail(bytes: Buffer, at: number, size: number, end: number): boolean {
  if (at + size > end) return false;
  for (let i = 1; i < size; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return false;
  return true;
}

/** Encodes text. */
export function encodeModified(text: string): Buffer {
  if (!needsModification.test(text)) return Buffer.from(text, 'utf8');
  const bytes = Buffer.allocUnsafe(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0 && unit < 0x80) bytes[at++] = unit;
    else if (unit < 0x800) {
      bytes[at++] = 0xc0 | (unit >> 6);
      bytes[at++] = 0x80 | (unit & 0x3f);
    } else {
      bytes[at++] = 0xe0 | (unit >> 12);
      bytes[at++] = 0x80 | ((unit >> 6) & 0x3f);
      bytes[at++] = 0x80 | (unit & 0x3f);
    }
  }
  return bytes.subarray(0, at);
}
