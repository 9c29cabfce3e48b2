// Exclusive queues.

import type { Queue } from '../queue.ts';

/** Exclusive queues by their connection. */
export class ExclusiveQueues {
  readonly #byOwner = new Map<object, Set<Queue>>();

  /** Registers an exclusive queue. */
  add(queue: Queue, owner: object): void {
    queue.owner = owner;
    const own = this.#byOwner.get(owner);
    if (own === undefined) this.#byOwner.set(owner, new Set([queue]));
    else own.add(queue);
  }

  /** The queue was deleted. */
  remove(queue: Queue): void {
    const { owner } = queue;
    const own = owner && this.#byOwner.get(owner);
    if (owner === undefined || own === undefined) return;
    own.delete(queue);
    if (own.size === 0) this.#byOwner.delete(owner);
  }

  /** Whether a connection has any. */
  isOwner(owner: object): boolean {
    return this.#byOwner.has(owner);
  }

  /** The queues of a connection. */
  of(owner: object): Iterable<Queue> {
    return this.#byOwner.get(owner) ?? [];
  }

  clear(): void {
    this.#byOwner.clear();
  }
}
