/** Time, as everything but this file may ask for it, so that tests can move it by hand. */
export interface Clock {
  /** Wall time, milliseconds since 1970-01-01 UTC; may jump. */
  nowMs(): number;
  /** Milliseconds since some fixed moment, fractions included; never goes back. */
  monotonicMs(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
