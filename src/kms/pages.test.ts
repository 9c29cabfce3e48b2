import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pageOf } from './pages.ts';

interface Item {
  readonly ms: number;
  readonly id: string;
}

const orderOf = ({ ms, id }: Item) => `${String(ms).padStart(16, '0')} ${id}`;
const items = fc.uniqueArray(
  fc.record({ ms: fc.nat(5), id: fc.string({ minLength: 1, maxLength: 3 }) }),
  { selector: orderOf, maxLength: 60 },
);

test('concatenated pages equal the sorted list, with and without ranks', () => {
  fc.assert(
    fc.property(items, fc.integer({ min: 1, max: 20 }), fc.boolean(), (all, Limit, hasRank) => {
      const rank = hasRank ? { rankOf: ({ ms }: Item) => ms } : {};
      const paging = { list: 'items', orderOf, limitDefault: 5, limitMax: 20, ...rank };
      const found: Item[] = [];
      let Marker: string | undefined;
      do {
        const page = pageOf(all, paging, { Limit, Marker });
        assert.ok(page.items.length === Limit || page.next === undefined);
        found.push(...page.items);
        Marker = page.next;
      } while (Marker !== undefined);
      assert.deepEqual(
        found.map(orderOf),
        all.map(orderOf).sort((a, b) => (a < b ? -1 : 1)),
      );
    }),
  );
});

test('paging a long sorted list computes few sort keys', () => {
  let madeCount = 0;
  const counted = (item: Item) => {
    madeCount++;
    return orderOf(item);
  };
  const all = Array.from({ length: 100_000 }, (_, ms) => ({ ms, id: 'a' }));
  const paging = { list: 'items', limitDefault: 50, limitMax: 100, rankOf: ({ ms }: Item) => ms };
  const first = pageOf(all, { ...paging, orderOf: counted }, {});
  pageOf(all, { ...paging, orderOf: counted }, { Marker: first.next });
  assert.ok(madeCount < 200, `${madeCount} orders`);
});
