import { openSync, readSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

/**
 * Measures how long the turns of this process's event loop take: in time of a processor, so that it
 * does not count when other processes have it. Keeps the loop from sleeping meanwhile.
 */
export class TurnMeter {
  /** Linux: what the thread has used, in nanoseconds, is the first number of this file. */
  readonly #file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  readonly #bytes = Buffer.alloc(64);
  #isOn = false;
  #turnBeganMs = 0;
  #longestMs = 0;
  /** Milliseconds of the longest collection of garbage since `begin`. */
  longestCollectionMs = 0;
  readonly #look = (): void => this.#turnEnded();

  constructor() {
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.longestCollectionMs = Math.max(this.longestCollectionMs, duration);
      }
    }).observe({ entryTypes: ['gc'] });
  }

  begin(): void {
    this.#isOn = true;
    this.longestCollectionMs = 0;
    this.#longestMs = 0;
    this.#turnBeganMs = this.#usedMs();
    setImmediate(this.#look);
  }

  /** Milliseconds of the longest turn since `begin`. */
  end(): number {
    this.#isOn = false;
    return this.#longestMs;
  }

  #usedMs(): number {
    const size = readSync(this.#file, this.#bytes, 0, this.#bytes.length, 0);
    return Number(this.#bytes.toString('latin1', 0, size).split(' ', 1)[0]) / 1e6;
  }

  #turnEnded(): void {
    if (!this.#isOn) return;
    const nowMs = this.#usedMs();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#turnBeganMs);
    this.#turnBeganMs = nowMs;
    setImmediate(this.#look);
  }
}
