/** How often the key service was asked whether a broker's key can be used, since this process began. */
export class KeyChecks {
  readonly #counts = new Map<string, { usable: number; lost: number }>();

  /** Counts one answer. */
  count(brokerId: string, answer: 'usable' | 'lost'): void {
    const counts = this.#counts.get(brokerId) ?? { usable: 0, lost: 0 };
    counts[answer]++;
    this.#counts.set(brokerId, counts);
  }

  /** The answers about one broker, and how often each was given. */
  of(brokerId: string): [answer: string, count: number][] {
    return Object.entries(this.#counts.get(brokerId) ?? { usable: 0, lost: 0 });
  }

  /** The broker is gone. */
  forget(brokerId: string): void {
    this.#counts.delete(brokerId);
  }
}
