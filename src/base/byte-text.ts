// Lossless conversion between bytes and text.

import { isUtf8 } from 'node:buffer';

/*
 * Conversion between bytes and text without loss. Names and keys are bytes, usually UTF-8. In their
 * text, each byte that is not part of valid UTF-8 becomes a lone surrogate, U+DC00 plus the byte
 * (U+DC80 to U+DCFF). Valid UTF-8 contains no surrogates, so different bytes always give different
 * texts, and the text can be converted back to the same bytes. JSON preserves such text, because it
 * escapes lone surrogates.
 */

const escapeBase = 0xdc00;
const replacement = '\ufffd';

/**
 * Decodes the bytes between two offsets. {@link encodeText} returns the same bytes.
 *
 * @param end at most the length of `bytes`
 */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // Without a replacement character, or with valid UTF-8, the text is exact.
  if (!text.includes(replacement) || isUtf8(bytes.subarray(start, end))) return text;
  let escaped = '';
  let valid = start;
  for (let at = start; at < end; ) {
    const size = sequenceSize(bytes, at, end);
    if (size > 0) {
      at += size;
      continue;
    }
    escaped += bytes.toString('utf8', valid, at);
    escaped += String.fromCharCode(escapeBase + (bytes[at] ?? 0));
    valid = ++at;
  }
  return escaped + bytes.toString('utf8', valid, end);
}

/** The length of the valid UTF-8 sequence at an offset; 0 if there is none. */
function sequenceSize(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return at + size <= end && isUtf8(bytes.subarray(at, at + size)) ? size : 0;
}

/** Encodes text: the bytes from which {@link decodeText} created it, otherwise UTF-8. */
export function encodeText(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, 'utf8');
  const pieces: Buffer[] = [];
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(at + 1))) at++;
    else if (isEscape(unit)) {
      pieces.push(Buffer.from(text.slice(from, at), 'utf8'), Buffer.of(unit - escapeBase));
      from = at + 1;
    }
  }
  pieces.push(Buffer.from(text.slice(from), 'utf8'));
  return Buffer.concat(pieces);
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

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
