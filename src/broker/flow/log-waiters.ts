/** Waits for something to be on the disk. */
export interface LogWaiter {
  /** Whether it is in the list; only the list changes that. */
  isAwaitingLog: boolean;
  /** Everything up to this group is on the disk. Must not throw; adds itself again to go on waiting. */
  durable(group: number): void;
}

/** Whoever waits for the log's next sync. A sync costs nothing for all the others. */
export class LogWaiters {
  #waiting: LogWaiter[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  /** The waiter hears of the next sync. */
  add(waiter: LogWaiter): void {
    if (waiter.isAwaitingLog) return;
    waiter.isAwaitingLog = true;
    this.#waiting.push(waiter);
  }

  /** Resolves once a group is synced, which may be so already: that of `durableGroup` is. */
  until(wantedGroup: number, durableGroup: number): Promise<void> {
    if (wantedGroup <= durableGroup) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: LogWaiter = {
        isAwaitingLog: false,
        durable: (group) => {
          if (group >= wantedGroup) resolve();
          else this.add(waiter);
        },
      };
      this.add(waiter);
    });
  }

  /** To be called once per synced group. */
  durable(group: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const waiter of waiting) {
      waiter.isAwaitingLog = false;
      waiter.durable(group);
    }
  }
}
