// Reads the files of KahaDB's journal batch by batch, through a buffer of fixed size.

import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import {
  Adler32,
  batchHead,
  batchIn,
  batchStartBytes,
  isWhole,
  markBytes,
  recordsIn,
  wholeBatches,
} from './journal-format.ts';

/** Bytes that are read at a time, and visited at most. */
export const windowBytes: number = 1024 * 1024;

/** Bytes that gocryptfs encrypts together. */
export const blockBytes = 4096;

/** How far a walk came. */
export interface Walked {
  /** The end of the last batch that was visited, bytes. */
  readonly at: number;
  /** `end`: no batch follows; `invalid`: something else does; `stopped`: the walk was ended. */
  readonly next: 'end' | 'invalid' | 'stopped';
}

/** Gets bytes, which are used again after its promise has resolved, and their position. False ends the walk. */
type Visit = (bytes: Buffer, at: number) => Promise<boolean>;

/** Fills a buffer from a position of a file. Fewer bytes are the end of what can be read. */
type Read = (file: FileHandle, buffer: Buffer, position: number) => Promise<Buffer>;

interface Walk {
  readonly visit: Visit;
  readonly read: Read;
}

/**
 * Visits the whole batches of a file in order. A batch that is larger than 1 MiB is visited in parts before it
 * is known whether it is whole.
 *
 * @param from where a batch begins, or the file ends
 * @param bytesMax the walk ends when so many were visited
 * @param read how the file is read
 */
export async function walk(
  file: FileHandle,
  from: number,
  bytesMax: number,
  visit: Visit,
  read: Read = readAt,
): Promise<Walked> {
  const window = Buffer.allocUnsafe(windowBytes);
  let at = from;
  while (at - from < bytesMax) {
    const step = await walkWindow(file, at, window, { visit, read });
    if (step.next !== 'more') return { at: step.at, next: step.next };
    at = step.at;
  }
  return { at, next: 'stopped' };
}

/** Visits the batches that are whole in one window, or one that is larger. */
async function walkWindow(
  file: FileHandle,
  at: number,
  window: Buffer,
  { visit, read }: Walk,
): Promise<{ readonly at: number; readonly next: Walked['next'] | 'more' }> {
  const bytes = await read(file, window, at);
  if (bytes.length === 0) return { at, next: 'end' };
  const { length, next } = wholeBatches(bytes);
  if (length > 0) {
    const isWanted = await visit(bytes.subarray(0, length), at);
    return isWanted ? { at: at + length, next } : { at, next: 'stopped' };
  }
  if (next === 'end') return { at, next };
  const isLarger = next === 'more' && bytes.length === windowBytes;
  const end = isLarger ? await walkLarge(file, at, window, { visit, read }) : undefined;
  return end === undefined ? { at, next: 'invalid' } : { at: end, next: 'more' };
}

/** Visits one batch in parts. Returns where it ends; undefined if it is not whole. */
async function walkLarge(
  file: FileHandle,
  start: number,
  window: Buffer,
  { visit, read }: Walk,
): Promise<number | undefined> {
  const head = batchHead(await read(file, window, start));
  if (head === undefined) return undefined;
  const sum = new Adler32();
  const end = start + head.bytes;
  for (let at = start; at < end; ) {
    const part = (await read(file, window, at)).subarray(0, end - at);
    if (part.length === 0) return undefined;
    sum.update(recordsIn(part, at - start));
    if (!(await visit(part, at))) return undefined;
    at += part.length;
  }
  const after = await read(file, window.subarray(0, markBytes), end);
  return isWhole(head, sum, after) ? end : undefined;
}

/** Whether a batch begins somewhere behind a position of a file. */
export async function hasBatchAfter(file: FileHandle, position: number): Promise<boolean> {
  const window = Buffer.allocUnsafe(windowBytes);
  for (let at = position + 1; ; at += windowBytes - batchStartBytes) {
    const bytes = await readAt(file, window, at);
    if (batchIn(bytes) >= 0) return true;
    if (bytes.length < windowBytes) return false;
  }
}

/**
 * Opens a file of a store to read it. The user of ActiveMQ could have replaced it: a link might lead out of the volume,
 * and a pipe would never open.
 *
 * @throws {Error} of the file system, or if it is no file
 */
export async function openFile(path: string): Promise<FileHandle> {
  if (!(await lstat(path)).isFile()) throw new Error(`${path} is not a file`);
  return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
}

/** Fills a buffer from a position of a file, to the end of the file at most. */
export async function readAt(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await file.read(
      buffer,
      length,
      buffer.length - length,
      position + length,
    );
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}

/**
 * Fills a buffer from a position of a file, to the first block that cannot be decrypted: a power failure may have
 * interrupted its write.
 */
export async function readIntact(
  file: FileHandle,
  buffer: Buffer,
  position: number,
): Promise<Buffer> {
  const whole = await readAt(file, buffer, position).catch(ifDamaged);
  if (whole !== undefined) return whole;
  for (let length = 0; ; ) {
    const inBlock = blockBytes - ((position + length) % blockBytes);
    const wanted = buffer.subarray(length, length + inBlock);
    const bytes = await readAt(file, wanted, position + length).catch(ifDamaged);
    length += bytes?.length ?? 0;
    if (bytes === undefined || bytes.length < inBlock) return buffer.subarray(0, length);
  }
}

function ifDamaged(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EIO') throw error;
}

/** Writes all bytes to a position of a file. */
export async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, position + at);
    at += bytesWritten;
  }
}
