// Lossless conversion between bytes and text.

import { isUtf8 } from 'node:buffer';
import { UnitWriter } from './text/unit-writer.ts';

/*
 * Conversion between bytes and text without loss. Names and keys are bytes, usually UTF-8. In their
 * text, each byte that is not part of valid UTF-8 becomes a lone surrogate, U+DC00 plus the byte
 * (U+DC80 to U+DCFF). Valid UTF-8 contains no surrogates, so different bytes always give different
 * texts, and the text can be converted back to the same bytes. JSON preserves such text, because it
 * escapes lone surrogates.
 */

const escapeBase = 0xdc00;
const replacement = '\ufffd';
const replacementCode = 0xfffd;
/** Up to this size, in bytes, decoding in vain takes less time than a check before it. */
const shortBytesMax = 1024;

/**
 * Decodes the bytes between two offsets. {@link encodeText} returns the same bytes.
 *
 * @param end at most the length of `bytes`
 */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  if (end - start <= shortBytesMax) {
    const text = bytes.toString('utf8', start, end);
    // Without a replacement character, or with valid UTF-8, the text is exact.
    if (!text.includes(replacement)) return text;
  }
  if (isUtf8(bytes.subarray(start, end))) return bytes.toString('utf8', start, end);
  return decodeWithEscapes(bytes, start, end);
}

/** Decodes bytes of which some are not UTF-8. The memory and the time do not depend on how many. */
function decodeWithEscapes(bytes: Buffer, start: number, end: number): string {
  const units = new UnitWriter();
  for (let at = start; at < end; ) {
    const first = bytes[at] ?? 0;
    const size = sequenceSize(bytes, at, end);
    if (size === 0) units.add(escapeBase + first);
    else if (size === 1) units.add(first);
    else {
      let code = first & (0xff >> (size + 1));
      for (let i = 1; i < size; i++) code = (code << 6) | ((bytes[at + i] ?? 0) & 0x3f);
      units.addCode(code);
    }
    at += Math.max(size, 1);
  }
  return units.text();
}

/** The length of the valid UTF-8 sequence at an offset; 0 if there is none. */
function sequenceSize(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const size = sizeAfter(first);
  if (size === 0 || at + size > end || !maySecond(first, bytes[at + 1] ?? 0)) return 0;
  for (let i = 2; i < size; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}

/** The length of a sequence with this first byte; 0 if there is none. */
function sizeAfter(first: number): number {
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

/** Whether a second byte follows the first one of a sequence of several (RFC 3629, section 4). */
function maySecond(first: number, second: number): boolean {
  // Neither overlong forms, nor surrogates, nor codes above U+10FFFF.
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  return second >= least && second <= most;
}

/** Encodes text: the bytes from which {@link decodeText} created it, otherwise UTF-8. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const bytes = Buffer.allocUnsafeSlow(text.length * 3);
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xffff) at++;
    if (code < 0x80) bytes[size++] = code;
    else if (isEscape(code)) bytes[size++] = code - escapeBase;
    else size = writeCode(bytes, size, isSurrogate(code) ? replacementCode : code);
  }
  // A copy, which does not keep the rest in memory.
  return Buffer.from(bytes.subarray(0, size));
}

/** Writes a character above U+007F in UTF-8, and returns the next offset. */
function writeCode(bytes: Buffer, start: number, code: number): number {
  let at = start;
  if (code < 0x800) bytes[at++] = 0xc0 | (code >> 6);
  else {
    if (code < 0x1_0000) bytes[at++] = 0xe0 | (code >> 12);
    else {
      bytes[at++] = 0xf0 | (code >> 18);
      bytes[at++] = 0x80 | ((code >> 12) & 0x3f);
    }
    bytes[at++] = 0x80 | ((code >> 6) & 0x3f);
  }
  bytes[at++] = 0x80 | (code & 0x3f);
  return at;
}

/** The number of bytes that {@link encodeText} returns. */
export function textBytes(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text, 'utf8') : encodeText(text).length;
}

/** Decodes the encoded text again. Needed after characters were removed from a text. */
export function normalText(text: string): string {
  if (text.isWellFormed()) return text;
  const bytes = encodeText(text);
  return decodeText(bytes, 0, bytes.length);
}

/**
 * Formats text for people: one line of valid Unicode. Invalid bytes and control characters, also
 * those that change the direction of text, are written as `\xff` or `\u202e`. Different texts may
 * have the same result.
 */
export function printable(text: string): string {
  if (text.isWellFormed() && !hasControls.test(text)) return text;
  return text.replace(unprintable, escaped);
}

/** Like {@link printable}, but different texts have different results: backslashes are doubled. */
export function distinctPrintable(text: string): string {
  return printable(text.replaceAll('\\', '\\\\'));
}

// Control characters (C0, delete, C1), the two Unicode line separators, and the characters that change
// the direction of text, with which a line could look like another one.
const controls = String.raw`\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069`;
const hasControls = new RegExp(`[${controls}]`);
// With the flag `u`, a surrogate in the class matches only if it is unpaired.
const unprintable = new RegExp(`[${controls}\\ud800-\\udfff]`, 'gu');

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const byte = isEscape(code) ? code - escapeBase : code;
  return byte <= 0xff
    ? `\\x${byte.toString(16).padStart(2, '0')}`
    : `\\u${byte.toString(16).padStart(4, '0')}`;
}

/** The longest beginning of a text that has at most this many bytes, without splitting characters. */
export function clipText(text: string, bytesMax: number): string {
  if (text.length * 3 <= bytesMax || textBytes(text) <= bytesMax) return text;
  let clipped = '';
  let size = 0;
  for (const character of text) {
    size += textBytes(character);
    if (size > bytesMax) break;
    clipped += character;
  }
  return clipped;
}

function isEscape(unit: number): boolean {
  return unit >= escapeBase + 0x80 && unit <= escapeBase + 0xff;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}
