// The contents of a backup.

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

/** Maximum size of a chunk. */
const chunkBytes = 256 * 1024;

/** Size of all entries. */
export function sizeOf({ entries }: Pick<BackupSource, 'entries'>): number {
  return entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
