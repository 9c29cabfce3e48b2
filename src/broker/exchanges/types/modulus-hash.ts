// The exchange type `x-modulus-hash`.

import type { Binding } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';
import { BindingList } from './binding-list.ts';
import { textHash } from './text-hash.ts';

class ModulusIndex implements BindingIndex {
  readonly #bindings = new BindingList();

  add(binding: Binding): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.remove(binding);
  }

  match(search: RouteSearch): undefined {
    const { count } = this.#bindings;
    if (count === 0) return;
    const found = this.#bindings.destination(textHash(search.routingKey) % count);
    if (found !== undefined) search.take(found);
  }
}

/**
 * Routes each message to one binding by the hash of its routing key, as RabbitMQ's plugin
 * rabbitmq_sharding does. Binding keys have no effect.
 */
export const modulusHashType: ExchangeType = {
  name: 'x-modulus-hash',
  usesKey: true,
  isCacheable: true,
  newIndex: () => new ModulusIndex(),
};
