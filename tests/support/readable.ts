// Searches for secrets in files and processes.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Something that must not be readable anywhere, and what to call it in a report. */
export interface Hidden {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Bytes to search, and their origin. */
export interface Place {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Hidden texts, each called by its own words. */
export function hiddenTexts(...texts: readonly string[]): Hidden[] {
  return texts.map((text) => ({ name: text, bytes: Buffer.from(text) }));
}

/** Every regular file under a folder, without the zeros at its end. */
export function placesUnder(folder: string): Place[] {
  const found: Place[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const name = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...placesUnder(name));
    else if (statSync(name).isFile()) found.push({ name, bytes: withoutEnd(readFileSync(name)) });
  }
  return found;
}

/** The visible data of a process: its arguments and its environment. */
export function placesOf(pid: number): Place[] {
  return ['cmdline', 'environ'].map((file) => {
    const name = `/proc/${pid}/${file}`;
    return { name, bytes: readFileSync(name) };
  });
}

function withoutEnd(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return bytes.subarray(0, end);
}

/** Returns the places where hidden texts are readable, in any usual encoding. */
export function readable(hidden: readonly Hidden[], places: readonly Place[]): string[] {
  const forms = hidden.flatMap(({ name, bytes }) =>
    formsOf(bytes).map(([form, sought]) => ({ what: `${name} ${form}`, sought })),
  );
  return places.flatMap(({ name, bytes }) =>
    forms
      .filter(({ sought }) => bytes.includes(sought))
      .map(({ what }) => `${what} is readable in ${name}`),
  );
}

/** The text unchanged, in hexadecimal, in base64 at any offset, and in UTF-16. */
export function formsOf(bytes: Buffer): (readonly [form: string, sought: Buffer])[] {
  const hex = bytes.toString('hex');
  return [
    ['as it is', bytes],
    ['in hexadecimal', Buffer.from(hex)],
    ['in HEXADECIMAL', Buffer.from(hex.toUpperCase())],
    ['in UTF-16', Buffer.from(bytes.toString('latin1'), 'utf16le')],
    ...[0, 1, 2].map((shift) => [`in base64, shifted by ${shift}`, base64(bytes, shift)] as const),
  ];
}

/** The characters of base64 that depend on nothing but the bytes themselves. */
function base64(bytes: Buffer, shift: number): Buffer {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const whole = Math.floor(((bytes.length + shift) * 8) / 6);
  return Buffer.from(text.slice(shift === 0 ? 0 : shift + 1, whole));
}
