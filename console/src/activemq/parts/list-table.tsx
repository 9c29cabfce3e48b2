// A list of the broker: one page at a time, filtered and sorted by the broker.

import { useState } from 'react';
import { FindField } from '../../broker/find-field.tsx';
import { ListView, type Order, pageSize } from '../../broker/list-view.tsx';
import type { Query } from '../../broker/request.ts';
import type { ListProps } from '../../parts/page-table.tsx';
import { useApi } from '../use-api.ts';

/** The counts of a page of a list; the items are in the member with the name of the list. */
interface Counts {
  readonly page: number;
  readonly pageCount: number;
  readonly filteredCount: number;
  readonly totalCount: number;
}

interface ListTableProps<Item> extends ListProps<Item> {
  /** The name of the list, which also says what to read again after a change. */
  readonly list: string;
  /** Which items; by default all. */
  readonly query?: Query;
}

/** Shows a list of the broker, a page at a time. */
export function ListTable<Item>(props: ListTableProps<Item>) {
  const { title, list: name, query = {} } = props;
  const [filter, setFilter] = useState('');
  const [page, setPage] = useState(1);
  const [order, setOrder] = useState<Order<Item>>();
  const list = useApi<Counts & Readonly<Record<string, readonly Item[]>>>([name], {
    query: {
      ...query,
      page,
      pageSize,
      filter,
      sort: order?.sortingColumn.sortingField,
      descending: order?.isDescending || undefined,
    },
  });
  const { data } = list;
  return (
    <ListView
      {...props}
      listed={data && { ...data, items: data[name] ?? [] }}
      error={list.error}
      isLoading={list.isLoading}
      // Items may have been deleted, so that there are fewer pages.
      page={list.isPlaceholderData ? page : (data?.page ?? page)}
      order={order}
      onPage={setPage}
      onOrder={(next) => {
        setOrder(next);
        setPage(1);
      }}
      onRefresh={() => void list.refetch()}
      filter={
        <FindField
          what={title.toLowerCase()}
          text={filter}
          onChange={(next) => {
            setFilter(next);
            setPage(1);
          }}
        />
      }
    />
  );
}
