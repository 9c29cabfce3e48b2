// The exchange types `x-random` and `x-local-random`.

import { systemRandom } from '../../../base/random.ts';
import type { Binding } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';
import { BindingList } from './binding-list.ts';
import { mixed, nextSeed } from './text-hash.ts';

class RandomIndex implements BindingIndex {
  readonly #bindings = new BindingList();
  /** Which binding is chosen is not a secret, so a fast sequence is sufficient. */
  #seed = systemRandom.bytes(4).readUInt32LE(0);

  add(binding: Binding): void {
    this.#bindings.add(binding);
  }

  remove(binding: Binding): void {
    this.#bindings.remove(binding);
  }

  match(search: RouteSearch): undefined {
    const { count } = this.#bindings;
    if (count === 0) return;
    this.#seed = nextSeed(this.#seed);
    const found = this.#bindings.destination(mixed(this.#seed) % count);
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
