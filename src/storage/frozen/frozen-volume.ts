import type { DiskFile } from '../disk.ts';
import { StorageError } from '../errors.ts';
import { type DurableWatermark, watermarkFile } from '../log/durable-watermark.ts';
import type { Hold } from '../log/holds.ts';
import type { LiveSegment } from '../log/live-segment.ts';
import type { Retirement } from '../log/retirement.ts';
import { noEnd } from '../log/segment.ts';
import { segmentFile } from '../log/segment-files.ts';
import type { Position, Volume } from '../volume.ts';

/** Bytes that are read at a time. */
const chunkBytes = 256 * 1024;

/** One file of a copy. */
export interface FrozenFile {
  /** Its name in the folder of the volume and in that of the copy. */
  readonly name: string;
  /** Bytes to copy. The file itself may be longer: what lies behind was written later. */
  readonly sizeBytes: number;
}

/** Up to where a log is synced. */
export interface DurableEnd extends Position {
  /** The segment of the position, with which recovery begins; undefined before this mount has synced any. */
  readonly home: LiveSegment | undefined;
  /** How many bytes of its file are synced. */
  readonly bytes: number;
}

/** The parts of a log that are frozen. */
export interface FreezeParts {
  readonly volume: Volume;
  readonly watermark: DurableWatermark;
  readonly retirement: Retirement;
}

/**
 * A volume at one durable position, for whoever copies it while it is in use. A folder with copies of
 * its files is a volume that opens as after a kill, with what was synced at that position and nothing
 * else. It opens under the data keys that the volume's header listed then.
 */
export class FrozenVolume {
  /** What is to be copied, in any order. */
  readonly files: readonly FrozenFile[];
  readonly #volume: Volume;
  readonly #retirement: Retirement;
  readonly #hold: Hold;
  /** Files that go on changing, as they were. */
  readonly #kept: ReadonlyMap<string, Buffer>;

  private constructor(
    parts: FreezeParts,
    hold: Hold,
    kept: ReadonlyMap<string, Buffer>,
    files: readonly FrozenFile[],
  ) {
    this.#volume = parts.volume;
    this.#retirement = parts.retirement;
    this.#hold = hold;
    this.#kept = kept;
    this.files = files;
  }

  /**
   * Freezes a volume. The position is the one of the call, not of the end of the promise.
   *
   * @param timeMsMax milliseconds until the position ends by itself
   * @throws {StorageError} `freeze-refused`, `freeze-ended`, `disk-failed`
   */
  static async at(parts: FreezeParts, end: DurableEnd, timeMsMax: number): Promise<FrozenVolume> {
    const { volume, watermark, retirement } = parts;
    const { home, segment, blocks, bytes } = end;
    if (home === undefined) throw new StorageError('freeze-refused', 'nothing is synced yet');
    const hold = retirement.holds.add([segment, ...home.listed], timeMsMax);
    // Before anything is awaited: header, watermark and segments must be of one moment. The header may name
    // the segment after this one already, of which nobody was told yet.
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
        // Nothing is written to it any more, and it was cut off where it ends.
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
   * Reads a file of the copy from its beginning, up to 256 KiB at a time.
   *
   * @throws {StorageError} `freeze-ended` where the position has ended: no copy can be completed from it
   */
  async *read({ name, sizeBytes }: FrozenFile): AsyncGenerator<Buffer> {
    const kept = this.#kept.get(name);
    this.#hold.require();
    if (kept !== undefined) yield kept;
    else yield* this.#readSegment(name, sizeBytes);
  }

  async *#readSegment(name: string, sizeBytes: number): AsyncGenerator<Buffer> {
    const file = await opened(this.#volume, this.#hold, name);
    try {
      for (let at = 0; at < sizeBytes; ) {
        const chunk = await file.read(at, Math.min(chunkBytes, sizeBytes - at));
        // After the read: before a file is given back, the hold has ended.
        this.#hold.require();
        if (chunk.length === 0) throw cutOff(this.#volume.path(name), at, sizeBytes);
        at += chunk.length;
        yield chunk;
      }
    } finally {
      await file.close();
    }
  }

  /** Lets the volume give its files back; to be called once it was copied, and when a copy failed. */
  release(): void {
    this.#retirement.holds.end(this.#hold, 'it was released');
  }
}

async function opened(volume: Volume, hold: Hold, name: string): Promise<DiskFile> {
  try {
    return await volume.disk.open(volume.path(name));
  } catch (cause) {
    // It is missing because the hold has ended, or that is not why.
    hold.require();
    throw cause;
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
