// Monitoring of free disk space.

import type { Disk } from '../../storage/disk.ts';

/** The amount of written data after which the free space is checked, bytes. */
const checkBytes = 4 * 1024 * 1024;
/** The interval of checks, milliseconds. */
const checkMs = 1000;
/**
 * The number of checks after a shortage that still free space: consumers that settle messages leave
 * more that is not needed, but the first freed segment may already end the shortage.
 */
const checksAfterShortage = 30;

/** The settings of disk monitoring. */
export interface DiskWatchOptions {
  readonly disk: Pick<Disk, 'freeBytes'>;
  readonly folder: string;
  /**
   * The amount of space to keep free, bytes. Consumers need it: an acknowledgement must be written
   * before the space of its message can be freed. 0 disables it.
   */
  readonly reserveBytes: number;
  /** Called when publishers must wait, and when they may continue. */
  changed(isShort: boolean, why: string): void;
  /**
   * Called to free space that is not needed: at each check that finds too little space, and at the
   * checks of the next {@link checksAfterShortage} seconds.
   */
  reclaim(isShort: boolean): void;
  failed(error: Error): void;
}

/** Blocks publishers before the disk is full, and while it is full. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #isFull = false;
  #isLow = false;
  #isChecking = false;
  #writtenBytes = 0;
  #checkAtMs = 0;
  #reclaimCount = 0;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Whether publishers must wait. */
  get isShort(): boolean {
    return this.#isFull || this.#isLow;
  }

  /** Records that a write failed because the disk is full, or that writes succeed again. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#options.changed(this.isShort, isFull ? 'the disk is full' : 'the disk has space again');
  }

  /** Counts written bytes. */
  written(sizeBytes: number): void {
    this.#writtenBytes += sizeBytes;
    if (this.#writtenBytes >= checkBytes) this.#check();
  }

  /** Call it several times a second. @param nowMs monotonic milliseconds */
  tick(nowMs: number): void {
    if (nowMs < this.#checkAtMs) return;
    this.#checkAtMs = nowMs + checkMs;
    this.#check();
  }

  #check(): void {
    const { disk, folder, reserveBytes } = this.#options;
    if (this.#isChecking || reserveBytes === 0) return;
    this.#isChecking = true;
    this.#writtenBytes = 0;
    disk.freeBytes(folder).then(
      (freeBytes) => this.#seen(freeBytes),
      (error: Error) => this.#options.failed(error),
    );
  }

  #seen(freeBytes: number): void {
    this.#isChecking = false;
    const { reserveBytes } = this.#options;
    const isLow = freeBytes < reserveBytes;
    if (isLow !== this.#isLow) {
      this.#isLow = isLow;
      const side = isLow ? 'below' : 'not below';
      const why = `${inMib(freeBytes)} of disk space are free, ${side} the reserve of ${inMib(reserveBytes)}`;
      this.#options.changed(this.isShort, why);
    }
    if (isLow) this.#reclaimCount = checksAfterShortage + 1;
    if (this.#reclaimCount === 0) return;
    this.#reclaimCount--;
    this.#options.reclaim(isLow);
  }
}

function inMib(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
