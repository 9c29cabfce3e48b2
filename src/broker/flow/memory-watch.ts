import type { Flow } from '../flow.ts';
import type { Limits } from '../limits.ts';

const lowOnMemory = 'low on memory';
/** Milliseconds between two collections of garbage, each of which stops everything for a moment. */
const collectEveryMs = 1000;

/** Above so many times the limit nothing new is declared either: there are clients that only declare. */
const exhaustedShare = 1.25;

/** Makes publishers wait while the process has more memory than it should. */
export class MemoryWatch {
  /** Whether memory is so short that nothing may be declared. */
  isExhausted = false;
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
    this.isExhausted = memoryBytes > this.#bytesMax * exhaustedShare;
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
