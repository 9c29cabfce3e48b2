// A page of a list of the broker, which filters and sorts it.

import type { TableProps } from '@cloudscape-design/components/table';
import type { ReactNode } from 'react';
import { type ListProps, PageTable } from '../parts/page-table.tsx';
import { countText } from './numbers.ts';

/** Number of items on a page. Brokers permit 500. */
export const pageSize = 50;

/** A column. `sortingField` is the name by which the broker sorts. */
export type Column<Item> = TableProps.ColumnDefinition<Item>;

/** An order. */
export type Order<Item> = TableProps.SortingState<Item>;

/** A page of a list. */
export interface Listed<Item> {
  readonly items: readonly Item[];
  readonly filteredCount: number;
  readonly totalCount: number;
  readonly pageCount: number;
}

interface ListViewProps<Item> extends ListProps<Item> {
  readonly listed: Listed<Item> | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
  readonly filter: ReactNode;
  readonly page: number;
  readonly order: Order<Item> | undefined;
  readonly onPage: (page: number) => void;
  readonly onOrder: (order: Order<Item>) => void;
  readonly onRefresh: () => void;
}

function counterText({ filteredCount, totalCount }: Listed<unknown>): string {
  if (filteredCount === totalCount) return `(${countText(totalCount)})`;
  return `(${countText(filteredCount)} of ${countText(totalCount)})`;
}

/** Shows a page of a list. */
export function ListView<Item>({ listed, order, onOrder, ...others }: ListViewProps<Item>) {
  return (
    <PageTable
      {...others}
      items={listed?.items}
      counter={listed === undefined ? '' : counterText(listed)}
      pageCount={Math.max(1, listed?.pageCount ?? 1)}
      sorting={{
        ...(order && { sortingColumn: order.sortingColumn }),
        sortingDescending: order?.isDescending ?? false,
        onSortingChange: ({ detail }) => onOrder(detail),
      }}
    />
  );
}
