// Counts wrong codes, so that nobody can try all codes of a device.

/** Maximum number of wrong codes for one device within {@link periodMs}. */
const failureCountMax = 5;
/** Milliseconds */
const periodMs = 5 * 60_000;

/** The times of wrong codes by device. */
export class FailureCounts {
  readonly #timesOf = new Map<string, readonly number[]>();

  /** Whether a device has had so many wrong codes that no code is checked at the moment. */
  isBlocked(name: string, nowMs: number): boolean {
    return this.#recent(name, nowMs).length >= failureCountMax;
  }

  /** Counts a wrong code. */
  add(name: string, nowMs: number): void {
    this.#timesOf.set(name, [...this.#recent(name, nowMs), nowMs]);
  }

  /** Forgets the wrong codes of a device after a right one, or with the device. */
  clear(name: string): void {
    this.#timesOf.delete(name);
  }

  #recent(name: string, nowMs: number): readonly number[] {
    return (this.#timesOf.get(name) ?? []).filter((atMs) => atMs > nowMs - periodMs);
  }
}
