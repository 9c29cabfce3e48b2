// Notification of synced groups.

/** An object that waits until data is on disk. */
export interface LogWaiter {
  /** Whether it is in the list. Only the list changes this. */
  isAwaitingLog: boolean;
  /**
   * All groups up to this one are on disk. Must not throw. To continue waiting, the object adds
   * itself again.
   */
  durable(group: number): void;
}

/** The objects that wait for the next sync. A sync does not involve any others. */
export class LogWaiters {
  #waiting: LogWaiter[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  /** Adds an object, which is notified of the next sync. */
  add(waiter: LogWaiter): void {
    if (waiter.isAwaitingLog) return;
    waiter.isAwaitingLog = true;
    this.#waiting.push(waiter);
  }

  /**
   * Resolves once a group is synced. The group may be synced already, according to `durableGroup`.
   */
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

  /** Called once per synced group. */
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
