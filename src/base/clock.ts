// Clocks and timers.

/** A clock. All code uses it instead of the system's functions, so that tests can control time. */
export interface Clock {
  /** Wall-clock time, milliseconds since 1970-01-01 UTC; may jump. */
  nowMs(): number;
  /** Monotonic time in milliseconds since an arbitrary moment, with fractions. */
  monotonicMs(): number;
  /** Calls back once after this many milliseconds. */
  setTimeout(callback: () => void, ms: number): Timer;
  /** Calls back repeatedly, at this interval in milliseconds. */
  setInterval(callback: () => void, ms: number): Timer;
}

/** A timer of a {@link Clock}. */
export interface Timer {
  /** Cancels the timer. Has no effect if it has expired. */
  clear(): void;
  /** Allows the process to exit while the timer is pending. */
  unref(): Timer;
}

/** The clock of the operating system. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (callback, ms) => timerOf(setTimeout(callback, ms)),
  setInterval: (callback, ms) => timerOf(setInterval(callback, ms)),
};

function timerOf(running: NodeJS.Timeout): Timer {
  const timer: Timer = {
    clear: () => clearTimeout(running), // also cancels intervals
    unref() {
      running.unref();
      return timer;
    },
  };
  return timer;
}
