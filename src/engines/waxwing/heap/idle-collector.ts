// Garbage collection in idle processes.

/** A process that used less of a core than this since the last check is idle. */
const idleShare = 0.02;
/** Minimum growth of memory since the last collection, bytes. */
const grownBytesMin = 8 * 1024 * 1024;
/** Minimum growth as a fraction, because a collection takes longer with more memory. */
const grownShareMin = 0.25;
/**
 * Heap size in bytes up to which an idle process collects immediately. Collecting a larger heap
 * delays clients too long, so that the process must have been idle for {@link longIdleMs}.
 */
const smallHeapBytes = 20 * 1024 * 1024;
const longIdleMs = 30_000;

/** The resource usage of a process. */
export interface ProcessUse {
  /** CPU time since the process started, microseconds. */
  readonly cpuMicroseconds: () => number;
  readonly memoryBytes: () => number;
  /** Size of V8's heap in bytes. */
  readonly heapBytes: () => number;
  readonly collectGarbage: () => void;
}

/**
 * Collects garbage when the process has become idle. V8 collects only during allocation, so the
 * memory that a burst of log-ins needed would otherwise stay in use.
 */
export class IdleCollector {
  readonly #use: ProcessUse;
  #cpuMicroseconds = 0;
  #leastBytes: number;
  /** The time for which the process has been idle, in milliseconds. */
  #idleMs = 0;

  constructor(use: ProcessUse) {
    this.#use = use;
    this.#leastBytes = use.memoryBytes();
  }

  /** @param elapsedMs time since the previous call, in milliseconds */
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
