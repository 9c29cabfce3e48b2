import type { Destination } from './binding.ts';
import type { Exchange } from './exchange.ts';

/** Which exchanges lead to a queue or an exchange, so that its end looks at those only. */
export class BindingSources {
  readonly #of = new Map<Destination, Set<Exchange>>();

  /** There is a binding now. */
  add(source: Exchange, destination: Destination): void {
    const known = this.#of.get(destination);
    if (known === undefined) this.#of.set(destination, new Set([source]));
    else known.add(source);
  }

  /** There is no binding any more. */
  remove(source: Exchange, destination: Destination): void {
    const known = this.#of.get(destination);
    known?.delete(source);
    if (known?.size === 0) this.#of.delete(destination);
  }

  /** Takes the sources of a destination that is deleted. */
  take(destination: Destination): Iterable<Exchange> {
    const known = this.#of.get(destination);
    this.#of.delete(destination);
    return known ?? [];
  }

  /** Forgets a source that is deleted, one of its destinations a step. */
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
