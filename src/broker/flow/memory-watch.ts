// Monitoring of memory.

import type { Flow } from '../flow.ts';
import type { Limits } from '../limits.ts';

const lowOnMemory = 'low on memory';
/** Minimum interval of garbage collections, which stop the process briefly, milliseconds. */
const collectEveryMs = 1000;

/**
 * The multiple of the limit above which declarations are refused, because clients that only declare
 * are not blocked.
 */
const exhaustedShare = 1.25;

/** Blocks publishers while the process uses too much memory. */
export class MemoryWatch {
  /** Whether declarations are refused because of memory. */
  isExhausted = false;
  readonly #flow: Flow;
  readonly #bytesMax: number;
  readonly #collectGarbage: (() => void) | undefined;
  #collectAtMs = 0;

  /**
   * @param collectGarbage called while publishers wait; a process that allocates nothing collects
   *   no garbage, and publishers would wait forever
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

  /** Call it several times a second. */
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
