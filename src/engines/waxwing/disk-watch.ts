import type { Disk } from '../../storage/disk.ts';

/** Bytes written after which it is time for a look, whatever the clock says. */
const lookBytes = 4 * 1024 * 1024;
/** Milliseconds between two looks. */
const lookMs = 1000;

/** What a disk is watched for, and who hears of it. */
export interface DiskWatchOptions {
  readonly disk: Pick<Disk, 'freeBytes'>;
  readonly folder: string;
  /**
   * Bytes that are to stay free. Consumers need them: an acknowledgement has to be written before
   * what it was for can be given back. 0 for none.
   */
  readonly reserveBytes: number;
  /** Publishers must wait, or need no longer. */
  changed(isShort: boolean, why: string): void;
  /** Called at each look that finds too little: whatever is not needed should go. */
  reclaim(): void;
  failed(error: Error): void;
}

/** Sees to it that publishers wait before a disk is full, and while it is. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #isFull = false;
  #isLow = false;
  #isLooking = false;
  #writtenBytes = 0;
  #lookAtMs = 0;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Whether publishers must wait. */
  get isShort(): boolean {
    return this.#isFull || this.#isLow;
  }

  /** A write found no room, or found some again. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#options.changed(this.isShort, isFull ? 'the disk is full' : 'the disk has room again');
  }

  /** So many bytes were written. */
  written(sizeBytes: number): void {
    this.#writtenBytes += sizeBytes;
    if (this.#writtenBytes >= lookBytes) this.#look();
  }

  /** Several times a second. @param nowMs monotonic */
  tick(nowMs: number): void {
    if (nowMs < this.#lookAtMs) return;
    this.#lookAtMs = nowMs + lookMs;
    this.#look();
  }

  #look(): void {
    const { disk, folder, reserveBytes } = this.#options;
    if (this.#isLooking || reserveBytes === 0) return;
    this.#isLooking = true;
    this.#writtenBytes = 0;
    disk.freeBytes(folder).then(
      (freeBytes) => this.#seen(freeBytes),
      (error: Error) => this.#options.failed(error),
    );
  }

  #seen(freeBytes: number): void {
    this.#isLooking = false;
    const { reserveBytes } = this.#options;
    const isLow = freeBytes < reserveBytes;
    if (isLow !== this.#isLow) {
      this.#isLow = isLow;
      const than = `${inMib(reserveBytes)} that are to stay free`;
      const why = `${inMib(freeBytes)} of the disk are free, ${isLow ? 'less' : 'no less'} than the ${than}`;
      this.#options.changed(this.isShort, why);
    }
    if (isLow) this.#options.reclaim();
  }
}

function inMib(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
