// The durable watermark of a log.

import type { KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { Reader, Writer } from '../../base/bytes.ts';
import { type Clock, systemClock, type Timer } from '../../base/clock.ts';
import { authenticationCode, isSameCode } from '../../crypto/derive.ts';
import { type DiskFile, fromCallback } from '../disk.ts';
import { diskFailed, isDiskFull, StorageError } from '../errors.ts';
import type { Position, Volume } from '../volume.ts';
import { isZero } from './segment.ts';

const magic = Buffer.from('WAXWMRK\n', 'latin1');
const generationAt = 12;
const provedBytes = 36;
const nothing = Buffer.alloc(0);
const keyInfo = 'waxwing volume mark';
const codeBytes = 32;
/** Disks write sectors atomically, so the watermark can be overwritten in place. */
const sectorBytes = 512;
/** The delay of the watermark after a sync, milliseconds. */
const followMs = 100;
/** The number of idle intervals after which the watermark itself is synced. */
const quietCountMin = 4;

/** The file that records how much of the log is known to be synced. */
export const watermarkFile = 'mark';

/** A synced position, and the mount that recorded it. */
export interface WatermarkPosition extends Position {
  readonly epoch: number;
  /** The generation of the data key under which it is authenticated. */
  readonly generation: number;
}

/**
 * Records the synced position of the log in a file beside it, with a short delay and never ahead of
 * it. Damaged or older data before this position is then not mistaken for a torn write.
 */
export class DurableWatermark {
  readonly #volume: Volume;
  readonly #failed: (error: StorageError) => void;
  readonly #clock: Clock;
  #epoch = 0;
  #latest: Position = { segment: 0, blocks: 0 };
  /** The position in the file. */
  #written: Position = this.#latest;
  /** The number of consecutive intervals without a change. */
  #quietCount = 0;
  /** The generation of the data key of the last synced watermark. */
  #syncedGeneration = 0;
  #file: DiskFile | undefined = undefined;
  /** Active until the watermark is synced. */
  #timer: Timer | undefined = undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  /** @param failed called if a write or sync failed; the watermark is then no longer updated */
  constructor(volume: Volume, failed: (error: StorageError) => void, clock: Clock = systemClock) {
    this.#volume = volume;
    this.#failed = failed;
    this.#clock = clock;
  }

  /** Writes the first watermark of a mount durably. Call it before the header names the mount. */
  async begin(epoch: number, position: Position): Promise<void> {
    this.#epoch = epoch;
    this.#latest = position;
    this.#written = position;
    const { disk, header } = this.#volume;
    const path = this.#volume.path(watermarkFile);
    await disk.replace(path, this.#encoded(position));
    this.#syncedGeneration = header.generation;
    this.#file = await disk.open(path);
  }

  /**
   * After a power failure, no watermark is found that is authenticated under an older generation.
   */
  get generation(): number {
    return this.#syncedGeneration;
  }

  /** Encodes a watermark file for a synced position, for a copy of the volume. */
  at(position: Position): Buffer {
    return this.#encoded(position);
  }

  /** The log is synced up to a position. */
  advance(position: Position): void {
    this.#latest = position;
    if (this.#timer === undefined) this.#wait();
  }

  #wait(): void {
    if (this.#isStopped) return;
    const follow = () => {
      this.#turn = this.#follow();
    };
    this.#timer = this.#clock.setTimeout(follow, followMs).unref();
  }

  async #follow(): Promise<void> {
    const position = this.#latest;
    const isKeyOld = this.#syncedGeneration !== this.#volume.header.generation;
    const isQuiet = position === this.#written && !isKeyOld;
    this.#quietCount = isQuiet ? this.#quietCount + 1 : 0;
    const isIdle = this.#quietCount >= quietCountMin;
    let isDone = isIdle;
    try {
      if (isIdle || !isQuiet) await this.#write(position, isIdle || isKeyOld);
      this.#written = position;
    } catch (cause) {
      if (!isDiskFull(cause)) return this.#fail(cause);
      // Retried in the next interval.
      isDone = false;
    }
    if (isDone && this.#latest === position) this.#timer = undefined;
    else this.#wait();
  }

  #encoded(position: Position): Buffer {
    const { generation } = this.#volume.header;
    const key = this.#volume.deriveKey(nothing, keyInfo);
    return encode({ generation, epoch: this.#epoch, ...position }, key);
  }

  async #write(position: Position, isSynced: boolean): Promise<void> {
    const file = this.#file;
    assert(file !== undefined, 'the watermark has not begun');
    const { generation } = this.#volume.header;
    await fromCallback((done) => file.write(0, [this.#encoded(position)], done));
    if (!isSynced) return;
    await fromCallback((done) => file.sync(done));
    this.#syncedGeneration = generation;
  }

  #fail(cause: unknown): void {
    this.stop();
    this.#failed(diskFailed(`writing ${watermarkFile}`, cause));
  }

  /** Stops, except for an operation in progress. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.clear();
  }

  /** Stops, and waits for an operation in progress. */
  async close(): Promise<void> {
    this.stop();
    await this.#turn;
    await this.#file?.close();
  }
}

/**
 * Reads and verifies the watermark of a volume. Returns undefined if it need not have one: it was
 * never mounted, or only by a release without watermarks.
 *
 * @throws {StorageError} `volume-damaged`
 */
export async function readWatermark(volume: Volume): Promise<WatermarkPosition | undefined> {
  const { disk, header } = volume;
  const path = volume.path(watermarkFile);
  const damage = (what: string, cause?: Error) =>
    new StorageError('volume-damaged', `${path} ${what}`, { cause });
  let file: DiskFile;
  try {
    file = await disk.open(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    if (header.state === 'new' || header.format === 1) return undefined;
    throw damage('is missing', cause as Error);
  }
  try {
    const bytes = await file.read(0, sectorBytes + 1);
    if (bytes.length !== sectorBytes)
      throw damage(`does not have the ${sectorBytes} bytes of a watermark`);
    if (!isProved(volume, bytes)) throw damage('was modified');
    const reader = new Reader(bytes, generationAt);
    const generation = reader.u32();
    const epoch = reader.u64();
    return { generation, epoch, segment: reader.u64(), blocks: reader.u32() };
  } finally {
    await file.close();
  }
}

/*
 * magic 8 | version u16 | zeros 2 | generation of the data key u32 | epoch u64 | position: segment u64,
 * blocks u32 | HMAC-SHA-256 32 | zeros
 */
function encode(watermark: WatermarkPosition, key: KeyObject): Buffer {
  const writer = new Writer();
  writer.raw(magic);
  writer.u16(1);
  writer.u16(0);
  writer.u32(watermark.generation);
  writer.u64(watermark.epoch);
  writer.u64(watermark.segment);
  writer.u32(watermark.blocks);
  writer.raw(authenticationCode(key, writer.toBuffer()));
  return Buffer.concat([writer.toBuffer()], sectorBytes);
}

function isProved(volume: Volume, bytes: Buffer): boolean {
  const key = volume.deriveKeyOf(bytes.readUInt32BE(generationAt), nothing, keyInfo);
  if (key === undefined) return false;
  const codeEnd = provedBytes + codeBytes;
  const code = bytes.subarray(provedBytes, codeEnd);
  const isSame = isSameCode(code, authenticationCode(key, bytes.subarray(0, provedBytes)));
  return isSame && isZero(bytes.subarray(codeEnd));
}
