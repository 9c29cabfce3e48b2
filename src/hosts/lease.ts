// The time for which a host may run nodes without hearing from the service.

import type { Clock } from '../base/clock.ts';

/**
 * A lease ends on whichever clock is earlier. The monotonic one stands still while a machine is
 * suspended; the other one may be set back.
 */
export class Lease {
  readonly #clock: Clock;
  #endMs: { readonly monotonic: number; readonly wall: number } | undefined = undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Begins or extends it. */
  grant(ms: number): void {
    this.#endMs = {
      monotonic: this.#clock.monotonicMs() + ms,
      wall: this.#clock.nowMs() + ms,
    };
  }

  /** Ends it at once. */
  end(): void {
    this.#endMs = undefined;
  }

  /** Whether nodes may run. There is none before the service grants the first one. */
  get isValid(): boolean {
    return this.leftMs > 0;
  }

  /** Milliseconds until it ends; 0 if it has ended. */
  get leftMs(): number {
    if (this.#endMs === undefined) return 0;
    const { monotonic, wall } = this.#endMs;
    const left = Math.min(monotonic - this.#clock.monotonicMs(), wall - this.#clock.nowMs());
    return Math.max(0, left);
  }
}
