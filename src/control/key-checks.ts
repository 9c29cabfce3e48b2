/** Counts what the key service answers when it is asked whether a broker's key can be used. */
export class KeyChecks {
  readonly #counts = new Map<string, { usable: number; lost: number }>();

  /** Counts one answer. */
  count(brokerId: string, answer: 'usable' | 'lost'): void {
    const counts = this.#counts.get(brokerId) ?? { usable: 0, lost: 0 };
    counts[answer]++;
    this.#counts.set(brokerId, counts);
  }

  /** The answers about one broker since this process began, and how often each was given. */
  of(brokerId: string): [answer: string, count: number][] {
    return Object.entries(this.#counts.get(brokerId) ?? { usable: 0, lost: 0 });
  }

  /** Forgets a broker that is gone. */
  forget(brokerId: string): void {
    this.#counts.delete(brokerId);
  }
}
