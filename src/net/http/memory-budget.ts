/** Limits of the memory that requests of strangers may take while they are read. */
export interface MemoryLimits {
  /** Bytes for all sources. */
  readonly bytesMax: number;
  /** Bytes for one source. */
  readonly sourceBytesMax: number;
}

/** One bounded amount of memory that many share, of which no source may have all. */
export class MemoryBudget {
  readonly #limits: MemoryLimits;
  readonly #bySource = new Map<string, number>();
  #takenBytes = 0;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** Bytes that are taken now. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Takes bytes for a source; false, and nothing is taken, where there are not as many. */
  take(source: string, sizeBytes: number): boolean {
    const { bytesMax, sourceBytesMax } = this.#limits;
    const own = (this.#bySource.get(source) ?? 0) + sizeBytes;
    if (own > sourceBytesMax || this.#takenBytes + sizeBytes > bytesMax) return false;
    this.#takenBytes += sizeBytes;
    this.#bySource.set(source, own);
    return true;
  }

  /** Gives back what was taken before. */
  giveBack(source: string, sizeBytes: number): void {
    const left = (this.#bySource.get(source) ?? 0) - sizeBytes;
    this.#takenBytes -= sizeBytes;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }
}
