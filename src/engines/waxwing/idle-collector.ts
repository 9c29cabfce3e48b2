/** A process that used less of a core than this since the last look is idle. */
const idleShare = 0.02;
/** Bytes by which memory must have grown since the last collection to be worth another. */
const grownBytesMin = 8 * 1024 * 1024;
/** The same as a share: a collection takes longer the more there is. */
const grownShareMin = 0.25;

/** What the collector knows of its process. */
export interface ProcessUse {
  /** Microseconds of a core used since the process began. */
  readonly cpuMicroseconds: () => number;
  readonly memoryBytes: () => number;
  readonly collectGarbage: () => void;
}

/**
 * Collects the garbage that a burst left, once the process is idle: without new objects V8 would not,
 * and what thousand connections needed to come would stay taken.
 */
export class IdleCollector {
  readonly #use: ProcessUse;
  #cpuMicroseconds = 0;
  #leastBytes: number;

  constructor(use: ProcessUse) {
    this.#use = use;
    this.#leastBytes = use.memoryBytes();
  }

  /** @param elapsedMs since the last look */
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
