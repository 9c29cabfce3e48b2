// Columns with counts.

import type { Column } from '../../broker/list-view.tsx';
import { countText } from '../../broker/numbers.ts';

/** A column with the count in a member, by which the broker sorts. */
export function countColumn<Item>(
  member: keyof Item & string,
  header: string,
  width = 140,
): Column<Item> {
  return {
    id: member,
    width,
    header,
    sortingField: member,
    cell: (item) => countText(item[member] as number),
  };
}
