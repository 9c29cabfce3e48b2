import { PerformanceObserver } from 'node:perf_hooks';

/**
 * Measures how long the turns of this process's event loop take: in time of a processor, so that it
 * does not count when other processes have it. Keeps the loop from sleeping meanwhile.
 */
export class TurnMeter {
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
    this.#turnBeganMs = usedMs();
    setImmediate(this.#look);
  }

  /** Milliseconds of the longest turn since `begin`. */
  end(): number {
    this.#isOn = false;
    return this.#longestMs;
  }

  #turnEnded(): void {
    if (!this.#isOn) return;
    const nowMs = usedMs();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#turnBeganMs);
    this.#turnBeganMs = nowMs;
    setImmediate(this.#look);
  }
}

/** What the process has used; its other threads only write and sync. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
