// The generations of the data key of a volume in use.

import type { KeyObject } from 'node:crypto';
import type { Compactor } from '../compaction/compactor.ts';
import { isDiskFull, StorageError } from '../errors.ts';
import type { DurableWatermark } from '../log/durable-watermark.ts';
import type { SegmentRoller } from '../log/segment-roller.ts';
import type { Volume } from '../volume.ts';

/** What is sealed under which generation of the data key. */
export interface SealingState {
  /** The newest generation, under which new data is sealed. */
  readonly generation: number;
  /** The older generations that the header lists, oldest first. */
  readonly olderGenerations: readonly number[];
  /** Approximate size of the segments under older generations, and of all segments, bytes. */
  readonly olderBytes: number;
  readonly totalBytes: number;
}

/** The parts of a log that are needed here. */
export interface DataKeyParts {
  readonly volume: Volume;
  readonly watermark: DurableWatermark;
  readonly roller: SegmentRoller;
  readonly compactor: Compactor;
  /** @throws {StorageError} `log-failed` */
  requireOpen(): void;
  /** Whether the log can be written. */
  isOpen(): boolean;
  /** The log fails; returns why it failed first. */
  failed(error: StorageError): StorageError;
  /** Writes the watermark again soon. */
  markAgain(): void;
  /** Begins a segment. Returns false if that is not possible now. */
  rollNow(): boolean;
}

/** Adds data keys to a volume in use, seals its data again, and drops the older keys. */
export class LogDataKeys {
  readonly #parts: DataKeyParts;

  constructor(parts: DataKeyParts) {
    this.#parts = parts;
  }

  /**
   * Seals all further data with another data key, and begins a new base with it. Resolves once the
   * header lists the key. Live records stay where they are until {@link reseal}, so older keys are
   * needed until {@link drop} drops them.
   *
   * @returns the generation of the key
   * @throws {StorageError} `key-invalid` as {@link Volume.addDataKey}, `log-failed`; `disk-failed`,
   *   after which the log has failed, unless the disk was full
   */
  async add(wrappedKey: Buffer, dataKey: KeyObject): Promise<number> {
    const { volume, roller, requireOpen, isOpen, markAgain, rollNow } = this.#parts;
    requireOpen();
    const generation = await this.#changed(volume.addDataKey(wrappedKey, dataKey));
    if (!isOpen()) return generation;
    markAgain();
    roller.checkpoints.hurry();
    // If the segment cannot end now, it does once the next group is synced.
    rollNow();
    return generation;
  }

  /**
   * Drops the unused data keys from the header. Begins a segment if dead segments can then be
   * removed.
   *
   * @returns the dropped generations; later calls may drop more
   * @throws {StorageError} `log-failed`; `disk-failed`, after which the log has failed, unless the
   *   disk was full
   */
  async drop(): Promise<readonly number[]> {
    const { volume, watermark, roller, compactor, requireOpen, rollNow } = this.#parts;
    requireOpen();
    if (roller.hasIdleUnder(volume.header.generation)) {
      roller.checkpoints.hurry();
      rollNow();
    }
    const isNeeded = (generation: number) => {
      // Segments that the newest one supersedes count until it is synced: recovery may need them.
      const isWritten = roller.uses(generation) || compactor.uses(generation);
      return isWritten || generation >= watermark.generation;
    };
    return this.#changed(volume.dropDataKeys(isNeeded));
  }

  /**
   * Waits for a change of the header. After an error of the disk, nobody knows which header is on it,
   * so nothing is written under either until a start has read it.
   */
  async #changed<T>(change: Promise<T>): Promise<T> {
    try {
      return await change;
    } catch (error) {
      const isFailed = error instanceof StorageError && error.code === 'disk-failed';
      if (!isFailed || isDiskFull(error)) throw error;
      throw this.#parts.failed(error);
    }
  }

  /**
   * Seals in the background what is sealed under an older generation again, at the pace of
   * compactions, and drops the older keys. It must be called again after a start if the header lists
   * older keys, and continues with what is left.
   */
  reseal(): void {
    this.#parts.compactor.reseal();
  }

  /** What is sealed under which generation. */
  get state(): SealingState {
    const { volume, roller } = this.#parts;
    const { generation, olderKeys } = volume.header;
    let olderBytes = 0;
    let totalBytes = 0;
    for (const { header, sizeBytes } of roller.segments.values()) {
      totalBytes += sizeBytes;
      if (header.generation < generation) olderBytes += sizeBytes;
    }
    const olderGenerations = olderKeys.map((each) => each.generation);
    return { generation, olderGenerations, olderBytes, totalBytes };
  }
}
