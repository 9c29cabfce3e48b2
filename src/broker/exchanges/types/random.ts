// The exchange types `x-random` and `x-local-random`.

import type { Binding } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';
import { BindingList } from './binding-list.ts';

class RandomIndex implements BindingIndex {
  readonly #bindings = new BindingList();

  add(binding: Binding): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.remove(binding);
  }

  match(search: RouteSearch): undefined {
    // Which binding is chosen is no secret, so the generator need not be one for keys.
    const number = Math.floor(Math.random() * this.#bindings.count);
    const found = this.#bindings.destination(number);
    if (found !== undefined) search.take(found);
  }
}

/** Routes each message to one binding by chance, as RabbitMQ's plugin rabbitmq_random_exchange does. */
export const randomType: ExchangeType = {
  name: 'x-random',
  usesKey: false,
  isCacheable: false,
  newIndex: () => new RandomIndex(),
};

/** As {@link randomType}: all queues are on the node that the client is connected to. */
export const localRandomType: ExchangeType = { ...randomType, name: 'x-local-random' };
