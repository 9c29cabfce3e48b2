// Garbage collection in idle processes.

/** A process that used less of a core than this since the last check is idle. */
const idleShare = 0.02;
/** Minimum growth of memory since the last collection, bytes. */
const grownBytesMin = 8 * 1024 * 1024;
/** Minimum growth as a fraction, because a collection takes longer with more memory. */
const grownShareMin = 0.25;

/** The resource usage of a process. */
export interface ProcessUse {
  /** CPU time since the process started, microseconds. */
  readonly cpuMicroseconds: () => number;
  readonly memoryBytes: () => number;
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

  constructor(use: ProcessUse) {
    this.#use = use;
    this.#leastBytes = use.memoryBytes();
  }

  /** @param elapsedMs since the last call */
  look(elapsedMs: number): void {
    const { cpuMicroseconds, memoryBytes, collectGarbage } = this.#use;
    const cpu = cpuMicroseconds();
    const share = (cpu - this.#cpuMicroseconds) / (elapsedMs * 1000);
    this.#cpuMicroseconds = cpu;
    const bytes = memoryBytes();
    const grownMin = Math.max(grownBytesMin, this.#leastBytes * grownShareMin);
    if (share > idleShare || bytes < this.#leastBytes + grownMin) return;
    collectGarbage();
    this.#cpuMicroseconds = cpuMicroseconds();
    this.#leastBytes = memoryBytes();
  }
}
