// The exchange type `fanout`.

import type { Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';

/** The list of destinations in the exchange is sufficient. */
const index: BindingIndex = {
  match: (search: RouteSearch, bound: ReadonlyMap<Destination, unknown>) =>
    search.takeAll(bound.keys(), bound.size),
};

/** Routes messages to all bindings. */
export const fanoutType: ExchangeType = {
  name: 'fanout',
  usesKey: false,
  isCacheable: true,
  newIndex: () => index,
};
