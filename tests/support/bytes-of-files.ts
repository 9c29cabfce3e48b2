// Changes of bytes in files.

import { closeSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

/** Overwrites bytes of a file. */
export function writeAt(file: string, offset: number, bytes: Buffer): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, bytes, 0, bytes.length, offset);
  closeSync(descriptor);
}

/** Reads bytes of a file, which may be large. */
export function readAt(file: string, offset: number, count: number): Buffer {
  const descriptor = openSync(file, 'r');
  const bytes = Buffer.alloc(count);
  readSync(descriptor, bytes, 0, count, offset);
  closeSync(descriptor);
  return bytes;
}

/** Bytes of a page, at which every group of blocks begins. */
const pageBytes = 4096;

/** Returns the probable offsets of blocks in a segment: its non-empty pages except the first. */
export function blockOffsets(segment: string): number[] {
  const bytes = readFileSync(segment);
  const offsets: number[] = [];
  for (let at = pageBytes; at < bytes.length; at += pageBytes) {
    if (bytes.subarray(at, at + 64).some((byte) => byte !== 0)) offsets.push(at);
  }
  return offsets;
}
