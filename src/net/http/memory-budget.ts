// A memory budget that several sources share.

/** Limits of the memory for unauthenticated requests that are being read. */
export interface MemoryLimits {
  /** Maximum for all sources, bytes. */
  readonly bytesMax: number;
  /** Maximum for one source, bytes. */
  readonly sourceBytesMax: number;
}

/** A bounded amount of memory, with a maximum per source. */
export class MemoryBudget {
  readonly #limits: MemoryLimits;
  readonly #bySource = new Map<string, number>();
  #takenBytes = 0;

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** Bytes in use. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Takes bytes for a source. Returns false, and takes nothing, if the limits do not permit it. */
  take(source: string, sizeBytes: number): boolean {
    const { bytesMax, sourceBytesMax } = this.#limits;
    const own = (this.#bySource.get(source) ?? 0) + sizeBytes;
    if (own > sourceBytesMax || this.#takenBytes + sizeBytes > bytesMax) return false;
    this.#takenBytes += sizeBytes;
    this.#bySource.set(source, own);
    return true;
  }

  /** Returns bytes that were taken. */
  release(source: string, sizeBytes: number): void {
    const left = (this.#bySource.get(source) ?? 0) - sizeBytes;
    this.#takenBytes -= sizeBytes;
    if (left > 0) this.#bySource.set(source, left);
    else this.#bySource.delete(source);
  }
}
