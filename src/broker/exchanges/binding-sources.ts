// The sources of bindings, by destination.

import type { Destination } from './binding.ts';
import type { Exchange } from './exchange.ts';

/**
 * Maps queues and exchanges to the exchanges that are bound to them, so that deleting one examines
 * only these.
 */
export class BindingSources {
  readonly #of = new Map<Destination, Set<Exchange>>();

  /** A binding was added. */
  add(source: Exchange, destination: Destination): void {
    const known = this.#of.get(destination);
    if (known === undefined) this.#of.set(destination, new Set([source]));
    else known.add(source);
  }

  /** A binding was removed. */
  remove(source: Exchange, destination: Destination): void {
    const known = this.#of.get(destination);
    known?.delete(source);
    if (known?.size === 0) this.#of.delete(destination);
  }

  /** Removes and returns the sources of a deleted destination. */
  take(destination: Destination): Iterable<Exchange> {
    const known = this.#of.get(destination);
    this.#of.delete(destination);
    return known ?? [];
  }

  /** Removes a deleted source, one destination per step. */
  *forget(source: Exchange): Generator<void> {
    for (const destination of source.destinations()) {
      this.remove(source, destination);
      yield;
    }
  }

  clear(): void {
    this.#of.clear();
  }
}
