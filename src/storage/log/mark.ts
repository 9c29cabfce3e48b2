import type { KeyObject } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import { Reader, Writer } from '../../base/bytes.ts';
import { authenticationCode, isSameCode } from '../../crypto/derive.ts';
import { answered, type DiskFile } from '../disk.ts';
import { StorageError } from '../errors.ts';
import type { Position, Volume } from '../volume.ts';
import { isZero } from './segment.ts';

const magic = Buffer.from('WAXWMRK\n', 'latin1');
const generationAt = 12;
const provedBytes = 36;
const nothing = Buffer.alloc(0);
const keyInfo = 'waxwing volume mark';
const codeBytes = 32;
/** A disk writes a sector as a whole or not at all, so a mark may be overwritten where it is. */
const sectorBytes = 512;
/** While groups are synced, the mark follows them after so long. */
const followMs = 100;
/** Once it has had nothing to follow for so many times as long, the mark is synced. */
const quietCountMin = 4;

/** The file that says how far a log is known to be synced. */
export const markFile = 'mark';

/** How far a mount had synced the log when it said so. */
export interface MarkPosition extends Position {
  readonly epoch: number;
  /** Generation of the data key that it is authenticated under. */
  readonly generation: number;
}

/**
 * Follows a log that is written: says in a file beside it how far it is synced, a little later and never
 * more than is. What is damaged or older than that is then not taken for a torn tail.
 */
export class Mark {
  readonly #volume: Volume;
  readonly #failed: (error: StorageError) => void;
  #epoch = 0;
  #latest: Position = { segment: 0, blocks: 0 };
  /** What the file says. */
  #written: Position = this.#latest;
  /** How often in a row there was nothing new to write. */
  #quietCount = 0;
  /** Generation of the data key of the last mark that was synced. */
  #syncedGeneration = 0;
  #file: DiskFile | undefined = undefined;
  /** Runs, or its turn is under way, until the mark is synced. */
  #timer: NodeJS.Timeout | undefined = undefined;
  #turn: Promise<void> = Promise.resolve();
  #isStopped = false;

  /** @param failed told of a write or sync that failed; the mark then follows no more */
  constructor(volume: Volume, failed: (error: StorageError) => void) {
    this.#volume = volume;
    this.#failed = failed;
  }

  /** Puts the first mark of a mount there for good; to be called before the header names that mount. */
  async begin(epoch: number, position: Position): Promise<void> {
    this.#epoch = epoch;
    this.#latest = position;
    this.#written = position;
    const { disk, header } = this.#volume;
    const path = this.#volume.path(markFile);
    await disk.replace(path, this.#encoded(position));
    this.#syncedGeneration = header.generation;
    this.#file = await disk.open(path);
  }

  /** No mark that a power cut may leave is under an older generation of the data key. */
  get generation(): number {
    return this.#syncedGeneration;
  }

  /** The file's bytes as they would say that the log is synced up to there; for a copy of the volume. */
  at(position: Position): Buffer {
    return this.#encoded(position);
  }

  /** The log is synced up to there. */
  moved(position: Position): void {
    this.#latest = position;
    if (this.#timer === undefined) this.#wait();
  }

  #wait(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#follow();
    }, followMs).unref();
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
      if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') return this.#fail(cause);
      // The next turn tries again; nobody waits for it.
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
    assert(file !== undefined, 'a mark follows before it has begun');
    const { generation } = this.#volume.header;
    await answered((done) => file.write(0, [this.#encoded(position)], done));
    if (!isSynced) return;
    await answered((done) => file.sync(done));
    this.#syncedGeneration = generation;
  }

  #fail(cause: unknown): void {
    this.stop();
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `writing ${markFile} failed: ${reason}`;
    this.#failed(new StorageError('disk-failed', message, { cause }));
  }

  /** Writes nothing more, but for what is under way. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Stops, and waits for what is under way. */
  async close(): Promise<void> {
    this.stop();
    await this.#turn;
    await this.#file?.close();
  }
}

/**
 * Reads and proves a volume's mark; undefined where it has none and need not: it was never mounted, or
 * last by a program that knew none.
 *
 * @throws {StorageError} `volume-damaged`
 */
export async function readMark(volume: Volume): Promise<MarkPosition | undefined> {
  const { disk, header } = volume;
  const path = volume.path(markFile);
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
    if (bytes.length !== sectorBytes) throw damage(`has not the ${sectorBytes} bytes of a mark`);
    if (!isProved(volume, bytes)) throw damage('is not as it was written');
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
function encode(mark: MarkPosition, key: KeyObject): Buffer {
  const writer = new Writer();
  writer.raw(magic);
  writer.u16(1);
  writer.u16(0);
  writer.u32(mark.generation);
  writer.u64(mark.epoch);
  writer.u64(mark.segment);
  writer.u32(mark.blocks);
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
