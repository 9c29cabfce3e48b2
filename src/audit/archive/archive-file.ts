// The parts of an archive: a filter, the times, the index and the lines of its events.

import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import type { SealedFile } from '../../storage/sealed-files/sealed-file.ts';
import { parseLine, type TrailLine } from '../trail.ts';
import { hashesOf } from './attributes.ts';
import { makeFilter } from './hash-filter.ts';
import { bucketCount, bucketOf, encodeBucket } from './row-lists.ts';

/** Number of events whose lines are compressed together. */
export const eventsPerChunk = 32;
const filterPart = 0;
const secondsPart = 1;
const firstBucketPart = 2;
const firstChunkPart: number = firstBucketPart + bucketCount;
/** Maximum size of the lines of a chunk, bytes: each event has a maximum size. */
const chunkBytesMax = eventsPerChunk * 512 * 1024;

const compress = promisify(deflateRaw);
const uncompress = promisify(inflateRaw);

/** Collects events, and makes the parts of an archive of them. */
export class ArchiveBuilder {
  readonly #rows = new Map<number, number[]>();
  readonly #seconds: number[] = [];
  readonly #chunks: Buffer[] = [];
  #lines: Buffer[] = [];

  /** The number of events so far. */
  get count(): number {
    return this.#seconds.length;
  }

  /** Adds the next event. */
  async add(line: Buffer, parsed: TrailLine, atMs: number): Promise<void> {
    const row = this.#seconds.length;
    this.#seconds.push(Math.floor(atMs / 1000));
    for (const hash of hashesOf(parsed.event)) {
      const rows = this.#rows.get(hash);
      if (rows === undefined) this.#rows.set(hash, [row]);
      else rows.push(row);
    }
    this.#lines.push(line);
    if (this.#lines.length === eventsPerChunk) await this.#endChunk();
  }

  async #endChunk(): Promise<void> {
    const pieces: Buffer[] = [];
    for (const line of this.#lines) {
      const size = Buffer.alloc(4);
      size.writeUInt32BE(line.length);
      pieces.push(size, line);
    }
    this.#lines = [];
    this.#chunks.push(await compress(Buffer.concat(pieces)));
  }

  /** Makes the parts. */
  async parts(): Promise<Buffer[]> {
    if (this.#lines.length > 0) await this.#endChunk();
    const seconds = Buffer.alloc(this.#seconds.length * 4);
    for (const [row, second] of this.#seconds.entries()) seconds.writeUInt32BE(second, row * 4);
    const filter = makeFilter(this.#rows.keys(), this.#rows.size);
    const entries = Array.from({ length: bucketCount }, (): [number, number[]][] => []);
    for (const entry of this.#rows) entries[bucketOf(entry[0])]?.push(entry);
    const buckets: Buffer[] = [];
    for (const bucket of entries) {
      buckets.push(encodeBucket(bucket));
      await new Promise((resolve) => setImmediate(resolve));
    }
    return [filter, seconds, ...buckets, ...this.#chunks];
  }
}

/** Reads the filter of an archive. */
export function readFilter(file: SealedFile): Promise<Buffer> {
  return file.part(filterPart);
}

/** Reads the times of an archive's events: seconds since 1970, four bytes each. */
export function readSeconds(file: SealedFile): Promise<Buffer> {
  return file.part(secondsPart);
}

/** Reads the bucket of a hash. */
export function readBucket(file: SealedFile, hash: number): Promise<Buffer> {
  return file.part(firstBucketPart + bucketOf(hash));
}

/** The number of chunks of an archive. */
export function chunkCountOf(file: SealedFile): number {
  return file.sizes.length - firstChunkPart;
}

/** Reads the lines of a chunk. */
export async function readChunk(file: SealedFile, chunk: number): Promise<Buffer[]> {
  const sealed = await file.part(firstChunkPart + chunk);
  const bytes = await uncompress(sealed, { maxOutputLength: chunkBytesMax });
  const lines: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    lines.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return lines;
}

/** Parses a line of a chunk. */
export function lineOf(line: Buffer | undefined): TrailLine {
  if (line === undefined) throw new Error('an archive has fewer lines than events');
  return parseLine(line);
}
