// The format of segments and blocks.

import type { KeyObject } from 'node:crypto';
import { Reader, Writer } from '../../base/bytes.ts';
import {
  type CounterSealer,
  counterNonce,
  open,
  PieceOpener,
  type PieceSealer,
  seal,
  tagBytes,
} from '../../crypto/aead.ts';
import type { Position, Volume } from '../volume.ts';

const magic = Buffer.from('WAXWSEG\n', 'latin1');
const nothing = Buffer.alloc(0);

/** Groups begin at multiples of this size, so that no write touches a page with synced data. */
export const pageBytes = 4096;
/** Size of a block header, including its tag. */
export const blockHeaderBytes = 40;
const clearBytes = blockHeaderBytes - tagBytes;

/**
 * The flags of a block: last of its group, last of its segment, first of its group. A group is
 * written only after the previous one was synced, so the first block of a group proves that.
 */
export const blockFlags = { groupEnd: 1, segmentEnd: 2, groupBegin: 4 } as const;
const flagsMax = 7;

/** The end of a segment: its number of blocks, and the tag of the last one. */
export interface End extends Position {
  readonly tag: Buffer;
}

/** The predecessor of the first segment. */
export const noEnd: End = { segment: 0, blocks: 0, tag: Buffer.alloc(tagBytes) };

/** The formats of segments: 1 in volumes of formats 1 and 2, 2 in volumes of format 3. */
export type SegmentFormat = 1 | 2;

/** The offset of the numbers of compacted segments, which have their own numbering. */
export const compactedFrom: number = 2 ** 47;

/** Whether a segment was written by a compaction. */
export function isCompacted(segment: number): boolean {
  return segment >= compactedFrom;
}

/** The sort key of a segment in a table: compacted segments come first. */
export function placeInTable(segment: number): number {
  return isCompacted(segment) ? segment - 2 * compactedFrom : segment;
}

/** The kinds of segments: written by the log, or by a compaction. */
const kinds = { log: 0, compacted: 1 } as const;

function kindOf(segment: number): number {
  return isCompacted(segment) ? kinds.compacted : kinds.log;
}

/** The contents of a segment's header page. */
export interface SegmentHeader {
  readonly format: SegmentFormat;
  /** Starts from 1; for a compacted segment from {@link compactedFrom} + 1. */
  readonly segment: number;
  /** The mount that wrote it. */
  readonly epoch: number;
  /** The generation of the data key from which the segment's key is derived. */
  readonly generation: number;
  /** The end of the previous segment. */
  readonly predecessor: End;
  /** 32 random bytes, unique per segment. */
  readonly salt: Buffer;
}

/**
 * Derives the key of a segment; undefined if the volume does not have that generation of its data
 * key.
 */
export function segmentKey(volume: Volume, header: SegmentHeader): KeyObject | undefined {
  const { id, kind } = volume.header;
  const [what, number] = isCompacted(header.segment)
    ? ['compacted segment', header.segment - compactedFrom]
    : ['segment', header.segment];
  const info = `waxwing ${what} ${kind} ${id} ${number}`;
  return volume.deriveKeyOf(header.generation, header.salt, info);
}

/*
 * The header page: magic 8 | format u16 | kind u8 | zero u8 | generation of the data key u32 |
 * segment u64 | epoch u64 | predecessor: segment u64, blocks u32, tag 16 | salt 32 | tag 16 |
 * zeros. The tag is that of an empty text, sealed under nonce 0.
 */
const headerBytes = 8 + 2 + 6 + 8 + 8 + 8 + 4 + tagBytes + 32;

/** Encodes a header page. */
export function encodeSegmentHeader(key: KeyObject, header: SegmentHeader): Buffer {
  const writer = new Writer();
  writer.raw(magic);
  writer.u16(header.format);
  writer.u8(kindOf(header.segment));
  writer.u8(0);
  writer.u32(header.generation);
  writer.u64(header.segment);
  writer.u64(header.epoch);
  writer.u64(header.predecessor.segment);
  writer.u32(header.predecessor.blocks);
  writer.raw(header.predecessor.tag);
  writer.raw(header.salt);
  const page = Buffer.alloc(pageBytes);
  page.set(writer.toBuffer());
  const tag = page.subarray(headerBytes, headerBytes + tagBytes);
  seal(key, counterNonce(0), page.subarray(0, headerBytes), nothing, tag);
  return page;
}

/**
 * Decodes a header page and derives the segment's key. Returns undefined if the page is invalid or
 * belongs to another segment.
 */
export function decodeSegmentHeader(
  volume: Volume,
  page: Buffer,
  segment: number,
): { readonly header: SegmentHeader; readonly key: KeyObject } | undefined {
  if (page.length < pageBytes) return undefined;
  const header = readSegmentHeader(page);
  if (header?.segment !== segment) return undefined;
  const key = segmentKey(volume, header);
  if (key === undefined) return undefined;
  const tag = page.subarray(headerBytes, headerBytes + tagBytes);
  const isProved = open(key, counterNonce(0), page.subarray(0, headerBytes), nothing, tag);
  if (isProved === undefined || !isZero(page.subarray(headerBytes + tagBytes))) return undefined;
  return { header, key };
}

function readSegmentHeader(page: Buffer): SegmentHeader | undefined {
  const reader = new Reader(page);
  reader.skip(magic.length);
  if (!page.subarray(0, magic.length).equals(magic)) return undefined;
  const format = reader.u16();
  if (format !== 1 && format !== 2) return undefined;
  const kind = reader.u8();
  if (reader.u8() !== 0) return undefined;
  const generation = reader.u32();
  // Volumes with segments of format 1 had one data key and no compacted segments.
  if (format === 1 && generation !== 0) return undefined;
  const segment = reader.u64();
  if (kind !== kindOf(segment)) return undefined;
  const epoch = reader.u64();
  const before = { segment: reader.u64(), blocks: reader.u32() };
  const tag = take(page, reader.skip(tagBytes), tagBytes);
  const salt = take(page, reader.at, 32);
  return { format, segment, epoch, generation, predecessor: { ...before, tag }, salt };
}

/** A copy, so that the page itself is not retained. */
function take(page: Buffer, at: number, size: number): Buffer {
  return Buffer.from(page.subarray(at, at + size));
}

/** Bytes of a large block that are decrypted in a turn. */
const openedBytes = 1024 * 1024;

/** The padding of a group's last page. */
export const zeroPage: Buffer = Buffer.alloc(pageBytes);

/** Whether all bytes are zero; at most a page. */
export function isZero(bytes: Buffer): boolean {
  return bytes.equals(zeroPage.subarray(0, bytes.length));
}

/** The clear, authenticated header of a block. */
export interface BlockHeader {
  /** Starts from 1, without gaps. It is also the nonce. */
  readonly number: number;
  readonly flags: number;
  /** Size of the sealed data. */
  readonly length: number;
  /** The position that was known to be synced when the block was sealed. */
  readonly durable: Position;
}

/**
 * Seals the next block of a segment. Returns its header and, separately, its ciphertext, which is
 * as long as the plaintext.
 */
export function sealBlock(
  sealer: CounterSealer,
  header: BlockHeader,
  plaintext: Uint8Array,
): [header: Buffer, sealed: Buffer] {
  const bytes = encodeBlockHeader(header);
  const clear = bytes.subarray(0, clearBytes);
  return [bytes, sealer.seal(header.number, clear, plaintext, bytes.subarray(clearBytes))];
}

/**
 * Begins to seal the next block of a segment in pieces. Returns its header, whose last 16 bytes are
 * for the tag.
 */
export function beginBlock(
  sealer: CounterSealer,
  header: BlockHeader,
): [header: Buffer, sealer: PieceSealer] {
  const bytes = encodeBlockHeader(header);
  return [bytes, sealer.begin(header.number, bytes.subarray(0, clearBytes))];
}

/** number u32 | flags u32 | length u32 | durable: blocks u32, segment u64 | tag 16, not set */
function encodeBlockHeader(header: BlockHeader): Buffer {
  const bytes = Buffer.allocUnsafe(blockHeaderBytes);
  bytes.writeUInt32BE(header.number, 0);
  bytes.writeUInt32BE(header.flags, 4);
  bytes.writeUInt32BE(header.length, 8);
  bytes.writeUInt32BE(header.durable.blocks, 12);
  bytes.writeUIntBE(0, 16, 2);
  bytes.writeUIntBE(header.durable.segment, 18, 6);
  return bytes;
}

/** Reads a block header, without verification; undefined if it cannot be one. */
export function readBlockHeader(bytes: Buffer, at: number): BlockHeader | undefined {
  const number = bytes.readUInt32BE(at);
  const flags = bytes.readUInt32BE(at + 4);
  if (number === 0 || flags > flagsMax || bytes.readUInt16BE(at + 16) !== 0) return undefined;
  const durable = { blocks: bytes.readUInt32BE(at + 12), segment: bytes.readUIntBE(at + 18, 6) };
  return { number, flags, length: bytes.readUInt32BE(at + 8), durable };
}

/** The tag in a block header. */
export function blockTag(bytes: Buffer, at: number): Buffer {
  return take(bytes, at + clearBytes, tagBytes);
}

/**
 * Decrypts a block, whose header and sealed data are consecutive.
 *
 * @param number the expected block number
 * @returns the plaintext; undefined if verification fails
 */
export function openBlock(
  key: KeyObject,
  number: number,
  bytes: Buffer,
  at: number,
  length: number,
): Buffer | undefined {
  const sealedAt = at + blockHeaderBytes;
  return open(
    key,
    counterNonce(number),
    bytes.subarray(at, at + clearBytes),
    bytes.subarray(sealedAt, sealedAt + length),
    bytes.subarray(at + clearBytes, sealedAt),
  );
}

/**
 * Decrypts a large block like {@link openBlock}, a piece in each turn of the event loop.
 */
export async function openLargeBlock(
  key: KeyObject,
  number: number,
  bytes: Buffer,
  length: number,
): Promise<Buffer | undefined> {
  const clear = bytes.subarray(0, clearBytes);
  const tag = bytes.subarray(clearBytes, blockHeaderBytes);
  const opener = new PieceOpener(key, counterNonce(number), clear, tag);
  const plaintext = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; at += openedBytes) {
    const size = Math.min(openedBytes, length - at);
    const from = blockHeaderBytes + at;
    opener.add(bytes.subarray(from, from + size)).copy(plaintext, at);
    await new Promise(setImmediate);
  }
  return opener.end() ? plaintext : undefined;
}

/** The first page boundary at or after an offset. */
export function pageAfter(offset: number): number {
  return Math.ceil(offset / pageBytes) * pageBytes;
}
