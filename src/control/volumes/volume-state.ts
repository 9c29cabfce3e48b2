// What engines report about the volumes of brokers.

/** What is sealed under which generation of a volume's data key. */
export interface SealingState {
  /** The newest generation, under which new data is sealed. */
  readonly generation: number;
  /** The older generations that are still needed, oldest first. */
  readonly olderGenerations: readonly number[];
  /** Approximate size of the data under older generations, and of all data, bytes. */
  readonly olderBytes: number;
  readonly totalBytes: number;
}

/** A wrapped data key of a volume. */
export interface WrappedDataKey {
  /** Starts from 0; each later key has a higher one. */
  readonly generation: number;
  readonly wrappedKey: Buffer;
}

/** The files of a volume at a synced position, which are held until they are released. */
export interface FrozenVolumeFiles {
  /** The number of the hold. */
  readonly hold: number;
  /** The files to copy: this many bytes from the start of each. */
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** The contents of files that change meanwhile, base64 by name. */
  readonly kept: Readonly<Record<string, string>>;
}
