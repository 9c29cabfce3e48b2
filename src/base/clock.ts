/** Time, as everything but this file may ask for it, so that tests can move it by hand. */
export interface Clock {
  /** Wall time, milliseconds since 1970-01-01 UTC; may jump. */
  nowMs(): number;
  /** Milliseconds since some fixed moment, fractions included; never goes back. */
  monotonicMs(): number;
  /** Calls back once, when as many milliseconds have passed. */
  setTimeout(callback: () => void, ms: number): Timer;
  /** Calls back again and again, whenever as many milliseconds have passed. */
  setInterval(callback: () => void, ms: number): Timer;
}

/** A timer of a {@link Clock}. */
export interface Timer {
  /** Ends it. Does nothing where it has ended. */
  clear(): void;
  /** Lets the process end though the timer has not. */
  unref(): Timer;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimeout: (callback, ms) => timerOf(setTimeout(callback, ms)),
  setInterval: (callback, ms) => timerOf(setInterval(callback, ms)),
};

function timerOf(running: NodeJS.Timeout): Timer {
  const timer: Timer = {
    clear: () => clearTimeout(running), // ends intervals too
    unref() {
      running.unref();
      return timer;
    },
  };
  return timer;
}
