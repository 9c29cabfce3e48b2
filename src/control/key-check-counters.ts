// Counters of key checks.

/** Counts the results of checking the keys of brokers. */
export class KeyCheckCounters {
  readonly #counts = new Map<string, { usable: number; lost: number }>();

  /** Counts a result. */
  count(brokerId: string, answer: 'usable' | 'lost'): void {
    const counts = this.#counts.get(brokerId) ?? { usable: 0, lost: 0 };
    counts[answer]++;
    this.#counts.set(brokerId, counts);
  }

  /** The number of times that each result occurred for a broker since this process started. */
  of(brokerId: string): [answer: string, count: number][] {
    return Object.entries(this.#counts.get(brokerId) ?? { usable: 0, lost: 0 });
  }

  /** Removes the counters of a deleted broker. */
  forget(brokerId: string): void {
    this.#counts.delete(brokerId);
  }
}
