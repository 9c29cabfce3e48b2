// The framing of the files of KahaDB's journal.
//
// A file is a sequence of batches and a mark of its end. What follows the mark has no meaning: files are
// created with the size that they may have. A batch is a head of 28 bytes (its size and type, 5 bytes; `WRITE
// BATCH`; the length of its records, 4 bytes; their Adler-32, 8 bytes, 0 for none) and its records. It is written
// together with the mark behind it.

/** The mark of the end, and the part of the head of a batch that takes its place. */
export const endMark: Buffer = Buffer.from('-qMa4');
/** The first bytes of every batch, as many as {@link endMark} has. */
export const batchMark: Buffer = Buffer.from([0, 0, 0, 28, 2]);
/** The length of both marks, bytes. */
export const markBytes = 5;

const headBytes = 28;
const batchStart = Buffer.concat([batchMark, Buffer.from('WRITE BATCH')]);
const lengthAt = batchStart.length;
const checksumAt = lengthAt + 4;
/** Records of one batch, bytes: a message may have 100 MiB. */
const recordBytesMax = 1024 * 1024 * 1024;

/** A batch, as its head states it. */
export interface BatchHead {
  /** The head and the records, bytes. */
  readonly bytes: number;
  /** Of the records; 0 for none. */
  readonly checksum: number;
}

/** Batches at the start of some bytes. */
export interface WholeBatches {
  /** Their length, bytes. */
  readonly length: number;
  /** What follows: the end of the file, a batch that goes on beyond the bytes, or none of both. */
  readonly next: 'end' | 'more' | 'invalid';
}

/** Finds the whole batches at the start of some bytes. Each has the right checksum, and a mark behind it. */
export function wholeBatches(bytes: Buffer): WholeBatches {
  let length = 0;
  for (;;) {
    const rest = bytes.subarray(length);
    if (rest.length < markBytes) return { length, next: 'more' };
    if (isMark(rest, endMark)) return { length, next: 'end' };
    if (rest.length < headBytes) return { length, next: 'more' };
    const head = batchHead(rest);
    if (head === undefined) return { length, next: 'invalid' };
    if (rest.length < head.bytes + markBytes) return { length, next: 'more' };
    const sum = new Adler32();
    if (head.checksum !== 0) sum.update(rest.subarray(headBytes, head.bytes));
    if (!isWhole(head, sum, rest.subarray(head.bytes))) return { length, next: 'invalid' };
    length += head.bytes;
  }
}

/** Reads the head of a batch; undefined if there is none. */
export function batchHead(bytes: Buffer): BatchHead | undefined {
  if (bytes.length < headBytes || !bytes.subarray(0, lengthAt).equals(batchStart)) return undefined;
  const length = bytes.readInt32BE(lengthAt);
  if (length < 0 || length > recordBytesMax) return undefined;
  // A sum of 32 bits in 64.
  if (bytes.readUInt32BE(checksumAt) !== 0) return undefined;
  return { bytes: headBytes + length, checksum: bytes.readUInt32BE(checksumAt + 4) };
}

/**
 * Whether a batch is complete: a mark follows, which is written last, and the checksum is right.
 *
 * @param sum of the records
 * @param after the bytes behind the batch
 */
export function isWhole({ checksum }: BatchHead, sum: Adler32, after: Buffer): boolean {
  if (!isMark(after, endMark) && !isMark(after, batchMark)) return false;
  return checksum === 0 || checksum === sum.value;
}

/** Where the first batch begins in some bytes; -1 if none does. */
export function batchIn(bytes: Buffer): number {
  return bytes.indexOf(batchStart);
}

/** The length of what identifies a batch, bytes. */
export const batchStartBytes: number = batchStart.length;

/** The records of a batch that is read in parts, of which this one begins `from` bytes behind its start. */
export function recordsIn(part: Buffer, from: number): Buffer {
  return part.subarray(Math.max(0, headBytes - from));
}

function isMark(bytes: Buffer, mark: Buffer): boolean {
  return bytes.length >= markBytes && bytes.subarray(0, markBytes).equals(mark);
}

/** A prime, as in RFC 1950. */
const modulus = 65521;
/** Bytes after which the sums are reduced: below 2^30, they stay small integers. */
const reducedEvery = 2048;

/** The checksum Adler-32 (RFC 1950) of bytes that come in parts. */
export class Adler32 {
  #a = 1;
  #b = 0;

  update(bytes: Buffer): void {
    let a = this.#a;
    let b = this.#b;
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(at + reducedEvery, bytes.length);
      for (; at < end; at++) {
        a += bytes[at] ?? 0;
        b += a;
      }
      a %= modulus;
      b %= modulus;
    }
    this.#a = a;
    this.#b = b;
  }

  get value(): number {
    return this.#b * 65536 + this.#a;
  }
}
