import type { Volume } from '../volume.ts';
import type { LiveSegment } from './live-segment.ts';
import { type Mark, markFile } from './mark.ts';
import type { FreezeLimits, Retirement } from './retirement.ts';
import { type SegmentFiles, segmentFile } from './segment-files.ts';

/** A file that a copy of a volume consists of. */
export interface FrozenFile {
  /** In the volume's folder, and in that of the copy. */
  readonly name: string;
  /** How much of it is copied: what lies behind is written later. */
  readonly sizeBytes: number;
  /** What is copied, for a file that goes on changing; the others are read from the volume's folder. */
  readonly bytes?: Buffer;
}

/** What a volume consists of at one durable position, kept while it is copied. */
export interface FrozenVolume {
  readonly files: readonly FrozenFile[];
  /**
   * Lets the volume give files back again; to be called once, also after a copy that failed.
   *
   * @throws {StorageError} `freeze-ended` where a limit was reached, the disk was short of room or the
   *   volume was closed before: files may be missing or others, and the copy is worth nothing
   */
  release(): void;
}

/** Where a log is known to be synced. */
export interface DurableEnd {
  /** The segment that recovery would begin with. */
  readonly segment: LiveSegment;
  /** After how many of its blocks, and at which byte of its file. */
  readonly blocks: number;
  readonly bytes: number;
}

/** The parts of a log that a frozen position is made of. */
export interface FreezeParts {
  readonly volume: Volume;
  readonly files: SegmentFiles;
  readonly mark: Mark;
  readonly retirement: Retirement;
}

/** Freezes a volume at the durable end of its log, which its header must name the segment of. */
export async function freezeAt(
  { volume, files, mark, retirement }: FreezeParts,
  { segment, blocks, bytes }: DurableEnd,
  limits: FreezeLimits,
): Promise<FrozenVolume> {
  const hold = retirement.hold(segment.number, limits);
  // In one turn with the hold: header, mark and position must belong together.
  const header = volume.headerBytes();
  const sector = mark.at({ segment: segment.number, blocks });
  const frozen: FrozenFile[] = [
    { name: 'volume', sizeBytes: header.length, bytes: header },
    { name: markFile, sizeBytes: sector.length, bytes: sector },
    { name: segmentFile(segment.number), sizeBytes: bytes },
  ];
  try {
    for (const number of segment.listed) {
      // Nothing is written to an older segment, and it was cut off where it ends.
      const sizeBytes = await files.using(number, async (file) => file.sizeBytes);
      frozen.push({ name: segmentFile(number), sizeBytes });
    }
  } catch (cause) {
    retirement.letGo(hold);
    throw cause;
  }
  return { files: frozen, release: () => retirement.letGo(hold) };
}
