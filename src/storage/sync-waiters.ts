// Promises that are kept when data is on disk.

interface Waiter {
  readonly group: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What waits for groups of a log to be synced. */
export class SyncWaiters {
  #waiters: Waiter[] = [];
  #failure: Error | undefined = undefined;

  /** Why the log can no longer be written; undefined if it can. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * Resolves once a group is synced, and rejects if the log fails before that. The group may be
   * synced already, according to `durableGroup`.
   */
  until(group: number, durableGroup: number): Promise<void> {
    if (group <= durableGroup) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ group, resolve, reject });
    });
  }

  /** The log has synced all groups up to this one. */
  onDurable(group: number): void {
    const waiting: Waiter[] = [];
    for (const waiter of this.#waiters) {
      if (waiter.group <= group) waiter.resolve();
      else waiting.push(waiter);
    }
    this.#waiters = waiting;
  }

  /** The log can no longer be written. */
  onFailed(error: Error): void {
    this.#failure = error;
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters = [];
  }
}
