// The dispatch order of queues with priorities.

import type { QueueIndex } from '../../storage/queue-index.ts';
import { type DispatchOrder, Taken } from './dispatch-order.ts';
import { RunSet } from './run-set.ts';

/** Highest priority first; first in, first out within a priority. */
export class PriorityOrder implements DispatchOrder {
  readonly hasPriorities = true;
  readonly #index: QueueIndex;
  /** Ready messages by priority; undefined if there was none. */
  readonly #levels: (RunSet | undefined)[] = [];
  readonly #priorityMax: number;

  /** @param priorityMax 1 to 255; higher priorities are treated as this one */
  constructor(queueIndex: QueueIndex, priorityMax: number) {
    this.#index = queueIndex;
    this.#priorityMax = priorityMax;
    for (let s = queueIndex.liveFrom(0); s < queueIndex.next; s = queueIndex.liveFrom(s + 1))
      this.add(s);
  }

  add(sequence: number): void {
    const priority = this.#priority(sequence);
    let level = this.#levels[priority];
    if (level === undefined) {
      level = new RunSet();
      this.#levels[priority] = level;
    }
    level.add(sequence);
  }

  #priority(sequence: number): number {
    return Math.min(this.#index.priority(sequence), this.#priorityMax);
  }

  requeue(sequence: number): void {
    this.add(sequence);
  }

  peek(): number {
    return this.#firstFrom(this.#levels.length - 1);
  }

  /** The first message of the highest priority up to the given one. */
  #firstFrom(priorityMax: number): number {
    for (let priority = priorityMax; priority >= 0; priority--) {
      const level = this.#levels[priority];
      if (level !== undefined && !level.isEmpty) return level.first;
    }
    return -1;
  }

  take(): void {
    this.remove(this.peek());
  }

  after(sequence: number): number {
    const priority = this.#priority(sequence);
    const next = this.#levels[priority]?.from(sequence + 1) ?? -1;
    return next >= 0 ? next : this.#firstFrom(priority - 1);
  }

  has(sequence: number): boolean {
    return this.#levels[this.#priority(sequence)]?.from(sequence) === sequence;
  }

  remove(sequence: number): void {
    this.#levels[this.#priority(sequence)]?.delete(sequence);
  }

  takeExpired(nowMs: number): number {
    if (!this.#index.hasExpiryTimes) return -1;
    for (const level of this.#levels) {
      const sequence = level === undefined ? -1 : level.first;
      if (sequence < 0 || this.#index.expiresAtMs(sequence) > nowMs) continue;
      level?.delete(sequence);
      return sequence;
    }
    return -1;
  }

  nextExpiryMs(): number {
    let expiryMs = Infinity;
    if (!this.#index.hasExpiryTimes) return expiryMs;
    for (const level of this.#levels) {
      const sequence = level === undefined ? -1 : level.first;
      if (sequence >= 0) expiryMs = Math.min(expiryMs, this.#index.expiresAtMs(sequence));
    }
    return expiryMs;
  }

  takeAll(): Taken {
    const sets = this.#levels.splice(0).filter((level) => level !== undefined);
    return new Taken(this.#index, this.#index.next, this.#index.next, sets);
  }
}
