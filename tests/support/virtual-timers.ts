interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/** Takes the place of `setTimeout` while installed: timers run only when their time is moved on. */
export class VirtualTimers {
  #nowMs = 0;
  #timers: Timer[] = [];
  readonly #real = { set: globalThis.setTimeout, clear: globalThis.clearTimeout };

  /** To be undone by `restore`. */
  install(): void {
    const set = (callback: () => void, ms = 0) => {
      const timer = { atMs: this.#nowMs + ms, callback, unref: () => timer };
      this.#timers.push(timer);
      return timer;
    };
    const clear = (timer: unknown) => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }

  restore(): void {
    const { set, clear } = this.#real;
    Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  }

  /** Moves the time on and runs what is due, in order. */
  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { callback } of due.sort((a, b) => a.atMs - b.atMs)) callback();
  }

  /** Forgets every timer: of a process that is no more. */
  clear(): void {
    this.#timers = [];
  }
}
