import type { Disk } from '../../storage/disk.ts';

/** Bytes written after which the free space is checked, whatever the time. */
const checkBytes = 4 * 1024 * 1024;
/** Milliseconds between two checks. */
const checkMs = 1000;

/** What a disk is watched for, and who is told. */
export interface DiskWatchOptions {
  readonly disk: Pick<Disk, 'freeBytes'>;
  readonly folder: string;
  /**
   * Bytes that are kept free. Consumers need them: an acknowledgement has to be written before the
   * space of its message can be freed. 0 for none.
   */
  readonly reserveBytes: number;
  /** Publishers must wait, or may go on. */
  changed(isShort: boolean, why: string): void;
  /** Called at each check that finds too little: space that is not needed should be freed. */
  reclaim(): void;
  failed(error: Error): void;
}

/** Makes publishers wait before a disk is full, and while it is. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  #isFull = false;
  #isLow = false;
  #isChecking = false;
  #writtenBytes = 0;
  #checkAtMs = 0;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** Whether publishers must wait. */
  get isShort(): boolean {
    return this.#isFull || this.#isLow;
  }

  /** Records that a write found no space, or found some again. */
  setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.#options.changed(this.isShort, isFull ? 'the disk is full' : 'the disk has space again');
  }

  /** Counts bytes that were written. */
  written(sizeBytes: number): void {
    this.#writtenBytes += sizeBytes;
    if (this.#writtenBytes >= checkBytes) this.#check();
  }

  /** Several times a second. @param nowMs monotonic */
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
      const why = `${inMib(freeBytes)} of the disk are free, ${side} the reserve of ${inMib(reserveBytes)}`;
      this.#options.changed(this.isShort, why);
    }
    if (isLow) this.#options.reclaim();
  }
}

function inMib(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)} MiB`;
}
