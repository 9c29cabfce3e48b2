// The measurement of turns of the event loop.

import { openSync, readSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';

/**
 * Measures how long the turns of this process's event loop take: in processor time of its main thread,
 * so that neither other processes nor threads that write, sync or compile count. Keeps the loop from
 * sleeping meanwhile.
 */
export class TurnMeter {
  #isOn = false;
  #turnBeganMs = 0;
  #longestMs = 0;
  /** Milliseconds of the longest collection of garbage since `begin`. */
  longestCollectionMs = 0;
  readonly #used = new MainThreadTime();
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
    this.#turnBeganMs = this.#used.ms();
    setImmediate(this.#look);
  }

  /** Milliseconds of the longest turn since `begin`. */
  end(): number {
    this.#isOn = false;
    return this.#longestMs;
  }

  #turnEnded(): void {
    if (!this.#isOn) return;
    const nowMs = this.#used.ms();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#turnBeganMs);
    this.#turnBeganMs = nowMs;
    setImmediate(this.#look);
  }
}

/** Processor time of the main thread, as the kernel's scheduler counts it. */
class MainThreadTime {
  readonly #file = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
  readonly #text = Buffer.alloc(64);
  readonly #nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

  /** Milliseconds. Gives the processor up for a moment, since the kernel counts only then. */
  ms(): number {
    Atomics.wait(this.#nobodyWakes, 0, 0, 0.01);
    const size = readSync(this.#file, this.#text, 0, this.#text.length, 0);
    const [nanoseconds = ''] = this.#text.toString('latin1', 0, size).split(' ');
    return Number(nanoseconds) / 1e6;
  }
}
