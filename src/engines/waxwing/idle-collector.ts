/** A process that used less of a core than this since the last check is idle. */
const idleShare = 0.02;
/** Bytes by which memory must have grown since the last collection to be worth another. */
const grownBytesMin = 8 * 1024 * 1024;
/** The same as a share, because a collection takes longer the more memory there is. */
const grownShareMin = 0.25;
/**
 * Bytes of a heap that is collected at once when the process is idle. To collect a larger one takes
 * longer than clients should wait, so the process must have been idle for {@link longIdleMs}.
 */
const smallHeapBytes = 20 * 1024 * 1024;
const longIdleMs = 30_000;

/** What the collector measures of its process. */
export interface ProcessUse {
  /** Microseconds of a core used since the process began. */
  readonly cpuMicroseconds: () => number;
  readonly memoryBytes: () => number;
  /** Bytes of V8's heap. */
  readonly heapBytes: () => number;
  readonly collectGarbage: () => void;
}

/**
 * Collects the garbage of a burst once the process is idle. V8 collects only when objects are made, so
 * the memory that a thousand connections needed to log in would stay in use.
 */
export class IdleCollector {
  readonly #use: ProcessUse;
  #cpuMicroseconds = 0;
  #leastBytes: number;
  /** Milliseconds for which the process has been idle. */
  #idleMs = 0;

  constructor(use: ProcessUse) {
    this.#use = use;
    this.#leastBytes = use.memoryBytes();
  }

  /** @param elapsedMs since the last call */
  look(elapsedMs: number): void {
    const { cpuMicroseconds, memoryBytes, heapBytes, collectGarbage } = this.#use;
    const cpu = cpuMicroseconds();
    const share = (cpu - this.#cpuMicroseconds) / (elapsedMs * 1000);
    this.#cpuMicroseconds = cpu;
    const bytes = memoryBytes();
    const grownMin = Math.max(grownBytesMin, this.#leastBytes * grownShareMin);
    this.#idleMs = share > idleShare ? 0 : this.#idleMs + elapsedMs;
    if (this.#idleMs === 0 || bytes < this.#leastBytes + grownMin) return;
    if (this.#idleMs < longIdleMs && heapBytes() > smallHeapBytes) return;
    collectGarbage();
    this.#cpuMicroseconds = cpuMicroseconds();
    this.#leastBytes = memoryBytes();
  }
}
