import type { Flow } from './flow.ts';
import type { Limits } from './limits.ts';

const lowOnMemory = 'low on memory';
/** Milliseconds between two collections of garbage, each of which stops everything for a moment. */
const collectEveryMs = 1000;

/** Makes publishers wait while the process has more memory than it should. */
export class MemoryWatch {
  readonly #flow: Flow;
  readonly #bytesMax: number;
  readonly #collectGarbage: (() => void) | undefined;
  #collectAtMs = 0;

  /**
   * @param collectGarbage called while publishers wait: then nobody makes new objects, and a process
   * that makes none collects no garbage, so that they would wait for ever
   */
  constructor(
    flow: Flow,
    limits: Pick<Limits, 'memoryBytesMax'>,
    collectGarbage: (() => void) | undefined,
  ) {
    this.#flow = flow;
    this.#bytesMax = limits.memoryBytesMax;
    this.#collectGarbage = collectGarbage;
  }

  /** Several times a second. */
  tick(nowMs: number, memoryBytes: number): void {
    if (memoryBytes <= this.#bytesMax) {
      this.#flow.unblock(lowOnMemory);
      return;
    }
    this.#flow.block(lowOnMemory);
    if (nowMs < this.#collectAtMs) return;
    this.#collectAtMs = nowMs + collectEveryMs;
    this.#collectGarbage?.();
  }
}
