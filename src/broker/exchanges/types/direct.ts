// The exchange type `direct`.

import { Counted } from '../../patterns/counted.ts';
import type { Binding, Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';

class DirectIndex implements BindingIndex {
  readonly #byKey = new Map<string, Counted<Destination>>();

  add({ routingKey, destination }: Binding): void {
    let found = this.#byKey.get(routingKey);
    if (found === undefined) {
      found = new Counted();
      this.#byKey.set(routingKey, found);
    }
    found.add(destination);
  }

  remove({ routingKey, destination }: Binding): void {
    const isEmpty = this.#byKey.get(routingKey)?.remove(destination);
    if (isEmpty === true) this.#byKey.delete(routingKey);
  }

  match(search: RouteSearch): Generator<void> | undefined {
    const found = this.#byKey.get(search.routingKey);
    return found && search.takeAll(found.values(), found.size);
  }
}

/** Routes messages to bindings with the same routing key. */
export const directType: ExchangeType = {
  name: 'direct',
  usesKey: true,
  isCacheable: true,
  newIndex: () => new DirectIndex(),
};
