// The contents of a backup.

import { WaxwingError } from '../../base/errors.ts';

/** A file of a backup, which is read once. */
export interface SourceEntry {
  /** See `isEntryName`. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Reads it in chunks of up to 256 KiB; exactly the announced size. */
  read(): AsyncIterable<Buffer>;
}

/** Consistent contents, which are held until they are released. */
export interface BackupSource {
  readonly entries: readonly SourceEntry[];
  /**
   * Ends the holds.
   *
   * @returns the reason why what was read may not fit together; undefined if it does
   */
  release(): Promise<string | undefined>;
}

/** An entry with contents in memory. */
export function bytesEntry(name: string, bytes: Buffer): SourceEntry {
  return {
    name,
    sizeBytes: bytes.length,
    async *read() {
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        yield bytes.subarray(at, at + chunkBytes);
      }
    },
  };
}

/** Attempts to hold files, and milliseconds between them. */
const freezing = { attemptCountMax: 10, pauseMs: 200 } as const;

/**
 * Holds files. A volume that was just opened cannot be held before its first sync, so this is
 * repeated for some seconds.
 *
 * @throws {WaxwingError} `freeze-refused` if it is still refused; the other errors of `hold`
 */
export async function held<T>(hold: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await hold();
    } catch (error) {
      const isRefused = error instanceof WaxwingError && error.code === 'freeze-refused';
      if (!isRefused || attempt === freezing.attemptCountMax) throw error;
      await new Promise((resolve) => setTimeout(resolve, freezing.pauseMs));
    }
  }
}

/** Maximum size of a chunk. */
const chunkBytes = 256 * 1024;

/** Size of all entries. */
export function sizeOf({ entries }: Pick<BackupSource, 'entries'>): number {
  return entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
