// Searches for secrets in files and processes.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Hidden, Place } from '../../src/cli/drill/plain-text.ts';

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
