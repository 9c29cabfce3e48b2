// A frozen position of a volume in use, for copies.

import type { DiskFile } from '../disk.ts';
import { diskFailure, StorageError } from '../errors.ts';
import { type DurableWatermark, watermarkFile } from '../log/durable-watermark.ts';
import type { Hold } from '../log/holds.ts';
import type { LiveSegment } from '../log/live-segment.ts';
import type { Retirement } from '../log/retirement.ts';
import { noEnd } from '../log/segment.ts';
import { segmentFile } from '../log/segment-files.ts';
import type { Position, Volume } from '../volume.ts';

/** Number of bytes that are read at a time. */
const chunkBytes = 256 * 1024;

/** A file of a copy. */
export interface FrozenFile {
  /** The name of the file in the folder of the volume and of the copy. */
  readonly name: string;
  /** Number of bytes to copy. The file can be longer, with data that was written later. */
  readonly sizeBytes: number;
}

/** The synced position of a log. */
export interface DurableEnd extends Position {
  /**
   * The segment of the position, at which recovery starts; undefined before the first sync of this
   * mount.
   */
  readonly home: LiveSegment | undefined;
  /** Number of synced bytes of the segment's file. */
  readonly bytes: number;
}

/** The parts of a log that are needed here. */
export interface FreezeParts {
  readonly volume: Volume;
  readonly watermark: DurableWatermark;
  readonly retirement: Retirement;
}

/**
 * A volume at a durable position, which can be copied while the volume is in use. A folder with
 * copies of its files opens like a volume after a crash at that position. It opens with the data
 * keys that the header listed then.
 */
export class FrozenVolume {
  /** The files to copy, in any order. */
  readonly files: readonly FrozenFile[];
  readonly #volume: Volume;
  readonly #retirement: Retirement;
  readonly #hold: Hold;
  /** The contents of files that change, from the time of the call, by name. */
  readonly kept: ReadonlyMap<string, Buffer>;

  private constructor(
    parts: FreezeParts,
    hold: Hold,
    kept: ReadonlyMap<string, Buffer>,
    files: readonly FrozenFile[],
  ) {
    this.#volume = parts.volume;
    this.#retirement = parts.retirement;
    this.#hold = hold;
    this.kept = kept;
    this.files = files;
  }

  /**
   * Freezes a volume at the position at the time of the call, not at the time at which the promise
   * resolves.
   *
   * @param timeMsMax time until the position ends automatically, in milliseconds
   * @throws {StorageError} `freeze-refused`, `freeze-ended`, `disk-failed`
   */
  static async at(parts: FreezeParts, end: DurableEnd, timeMsMax: number): Promise<FrozenVolume> {
    const { volume, watermark, retirement } = parts;
    const { home, segment, blocks, bytes } = end;
    if (home === undefined) throw new StorageError('freeze-refused', 'nothing is synced yet');
    const hold = retirement.holds.add([segment, ...home.listed], timeMsMax);
    // Before the first await, so that header, watermark and segments belong to the same time. The
    // header may already name the next segment, which has not been announced yet.
    const position = { segment, blocks: 0 };
    const kept = new Map([
      ['volume', volume.headerWith({ state: 'open', position, endTag: noEnd.tag })],
      [watermarkFile, watermark.at({ segment, blocks })],
    ]);
    const files: FrozenFile[] = [...kept].map(([name, { length }]) => ({
      name,
      sizeBytes: length,
    }));
    files.push({ name: segmentFile(segment), sizeBytes: bytes });
    try {
      for (const number of home.listed) {
        const name = segmentFile(number);
        // The segment is closed and truncated to its end.
        const sizeBytes = await using(volume, hold, name, async (file) => file.sizeBytes);
        files.push({ name, sizeBytes });
      }
    } catch (cause) {
      retirement.holds.end(hold, 'it could not be frozen');
      throw cause;
    }
    return new FrozenVolume(parts, hold, kept, files);
  }

  /**
   * Reads a file of the copy from its start, in chunks of up to 256 KiB.
   *
   * @throws {StorageError} `freeze-ended` if the position has ended; the copy cannot be completed
   *   then; `disk-failed`
   */
  async *read({ name, sizeBytes }: FrozenFile): AsyncGenerator<Buffer> {
    const kept = this.kept.get(name);
    this.#hold.require();
    if (kept !== undefined) yield kept;
    else yield* this.#readSegment(name, sizeBytes);
  }

  async *#readSegment(name: string, sizeBytes: number): AsyncGenerator<Buffer> {
    const file = await opened(this.#volume, this.#hold, name);
    try {
      for (let at = 0; at < sizeBytes; ) {
        const size = Math.min(chunkBytes, sizeBytes - at);
        const chunk = await file.read(at, size).catch((cause: unknown) => {
          throw diskFailure(`reading ${this.#volume.path(name)}`, cause);
        });
        // After the read, because the hold ends before a file is released.
        this.#hold.require();
        if (chunk.length === 0) throw cutOff(this.#volume.path(name), at, sizeBytes);
        at += chunk.length;
        yield chunk;
      }
    } finally {
      await file.close();
    }
  }

  /** Whether the files are still held. If not, what was read of them may be newer. */
  get isHeld(): boolean {
    return this.#hold.isHeld;
  }

  /**
   * Allows the volume to release the files. Call it after the copy has been completed or has
   * failed.
   */
  release(): void {
    this.#retirement.holds.end(this.#hold, 'it was released');
  }
}

async function opened(volume: Volume, hold: Hold, name: string): Promise<DiskFile> {
  try {
    return await volume.disk.open(volume.path(name));
  } catch (cause) {
    // If the hold has ended, this explains the missing file.
    hold.require();
    throw diskFailure(`opening ${volume.path(name)}`, cause);
  }
}

async function using<T>(
  volume: Volume,
  hold: Hold,
  name: string,
  use: (file: DiskFile) => Promise<T>,
): Promise<T> {
  const file = await opened(volume, hold, name);
  try {
    const result = await use(file);
    hold.require();
    return result;
  } finally {
    await file.close();
  }
}

function cutOff(path: string, at: number, sizeBytes: number): StorageError {
  return new StorageError('volume-damaged', `${path} has ${at} bytes; ${sizeBytes} were synced`);
}
