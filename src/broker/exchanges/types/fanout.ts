import type { Destination } from '../binding.ts';
import type { BindingIndex, ExchangeType } from '../exchange-type.ts';
import type { RouteSearch } from '../route-search.ts';

/** The exchange's own list is all that is needed. */
const index: BindingIndex = {
  match: (search: RouteSearch, bound: ReadonlyMap<Destination, unknown>) =>
    search.takeAll(bound.keys(), bound.size),
};

/** Messages go to everything that is bound. */
export const fanoutType: ExchangeType = {
  name: 'fanout',
  usesKey: false,
  isCacheable: true,
  newIndex: () => index,
};
