import { isUtf8 } from 'node:buffer';

/*
 * Names and keys are bytes, of which most are UTF-8. As text, every byte that is not part of valid
 * UTF-8 is a lone surrogate, U+DC00 plus the byte (U+DC80 to U+DCFF). Valid UTF-8 has no surrogates,
 * so different bytes never give the same text, and the text gives the same bytes back. JSON keeps
 * such text: it writes a lone surrogate as an escape.
 */

const escapeBase = 0xdc00;
const replacement = '\ufffd';

/**
 * The text of the bytes between two positions. {@link encodeText} gives the same bytes back.
 *
 * @param end not beyond the end of `bytes`
 */
export function decodeText(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  // A replacement character stands for invalid bytes, unless it was sent as one.
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

/** Bytes of the valid UTF-8 sequence that begins here; 0 where none does. */
function sequenceSize(bytes: Buffer, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return at + size <= end && isUtf8(bytes.subarray(at, at + size)) ? size : 0;
}

/** The bytes of a text: those that {@link decodeText} made it of, else its UTF-8. */
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

/** Bytes that {@link encodeText} makes of a text. */
export function textBytes(text: string): number {
  return text.isWellFormed() ? Buffer.byteLength(text, 'utf8') : encodeText(text).length;
}

/** The same bytes as their text: needed after characters were taken out of a text. */
export function normalText(text: string): string {
  if (text.isWellFormed()) return text;
  const bytes = encodeText(text);
  return decodeText(bytes, 0, bytes.length);
}

/**
 * A text for people to read, in one line of valid Unicode: bytes that are not UTF-8 and control
 * characters are written as `\xff`. Different texts may look the same.
 */
export function printable(text: string): string {
  if (text.isWellFormed() && !hasControls.test(text)) return text;
  return text.replace(unprintable, escaped);
}

/** The same, where different texts must stay different: a backslash is doubled. */
export function distinctPrintable(text: string): string {
  return printable(text.replaceAll('\\', '\\\\'));
}

// Control characters (C0, delete, C1) and the two line separators of Unicode.
const controls = String.raw`\u0000-\u001f\u007f-\u009f\u2028\u2029`;
const hasControls = new RegExp(`[${controls}]`);
// With the flag `u` a surrogate in the class matches only where it is alone.
const unprintable = new RegExp(`[${controls}\\ud800-\\udfff]`, 'gu');

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const byte = isEscape(code) ? code - escapeBase : code;
  return byte <= 0xff
    ? `\\x${byte.toString(16).padStart(2, '0')}`
    : `\\u${byte.toString(16).padStart(4, '0')}`;
}

/** The beginning of a text that takes at most so many bytes, whole characters only. */
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
