// Searches for secrets in files and processes.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Hidden, Place } from '../../src/cli/drill/plain-text.ts';

/** Hidden texts, each called by its own words. */
export function hiddenTexts(...texts: readonly string[]): Hidden[] {
  return texts.map((text) => ({ name: text, bytes: Buffer.from(text) }));
}

/**
 * Every regular file under a folder, without the zeros at its end. Whoever uses the folder may remove files
 * meanwhile.
 */
export function placesUnder(folder: string): Place[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const name = join(folder, entry.name);
    return ifThere(() => (entry.isDirectory() ? placesUnder(name) : placesAt(name)));
  });
}

function placesAt(name: string): Place[] {
  return statSync(name).isFile() ? [{ name, bytes: withoutEnd(readFileSync(name)) }] : [];
}

function ifThere(find: () => Place[]): Place[] {
  try {
    return find();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
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
