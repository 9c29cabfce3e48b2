// Searches for texts that must not be readable.

import { readdir, readFile } from 'node:fs/promises';
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

/** What a search of files found, and how much it searched. */
export interface FileSearch {
  readonly found: readonly string[];
  readonly fileCount: number;
  readonly byteCount: number;
}

/**
 * Searches every regular file under a folder.
 *
 * @param hidden what must not be there
 */
export async function searchFolder(folder: string, hidden: readonly Hidden[]): Promise<FileSearch> {
  const found: string[] = [];
  let [fileCount, byteCount] = [0, 0];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    fileCount += 1;
    byteCount += bytes.length;
    // A name can contain what must be hidden, too.
    const places = [
      { name: path, bytes },
      { name: `the name of ${path}`, bytes: Buffer.from(path.slice(folder.length)) },
    ];
    found.push(...readable(hidden, places));
  }
  return { found, fileCount, byteCount };
}
