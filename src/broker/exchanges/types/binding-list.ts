// Bindings by number, for exchange types that choose one of them.

import type { Binding, Destination } from '../binding.ts';

/** The bindings of an exchange in a list. Adding and removing one takes the same time for any number. */
export class BindingList {
  readonly #list: Binding[] = [];
  readonly #places = new Map<Binding, number>();

  get count(): number {
    return this.#list.length;
  }

  add(binding: Binding): void {
    this.#places.set(binding, this.#list.length);
    this.#list.push(binding);
  }

  /** The last binding takes the place of the removed one. */
  remove(binding: Binding): void {
    const place = this.#places.get(binding);
    const last = this.#list.pop();
    if (place === undefined || last === undefined) return;
    this.#places.delete(binding);
    if (last === binding) return;
    this.#list[place] = last;
    this.#places.set(last, place);
  }

  /** The destination of a binding, numbered from 0. */
  destination(number: number): Destination | undefined {
    return this.#list[number]?.destination;
  }
}
