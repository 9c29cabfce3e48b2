// A list of the broker: one page at a time, filtered and sorted by the broker.

import { useEffect, useState } from 'react';
import { ListView, type Order, pageSize } from '../../broker/list-view.tsx';
import type { ListProps } from '../../parts/page-table.tsx';
import { useApi } from '../use-api.ts';
import { type Filter, ListFilter, noFilter } from './list-filter.tsx';

/** A page of a list as the management API answers it. */
interface Answered<Item> {
  readonly items: readonly Item[];
  readonly filtered_count: number;
  readonly total_count: number;
  readonly page_count: number;
}

interface ListTableProps<Item> extends ListProps<Item> {
  /** The parts of the path. The first one says what to read again after a change. */
  readonly path: readonly string[];
  /** Whether the list can be restricted to a virtual host, as a further part of the path. */
  readonly isOfVhosts?: boolean;
  readonly hasFilter?: boolean;
  readonly isLive?: boolean;
}

/** Shows a list of the broker, a page at a time. */
export function ListTable<Item>(props: ListTableProps<Item>) {
  const { title, path } = props;
  const { isOfVhosts = false, hasFilter = true, isLive = true } = props;
  const [filter, setFilter] = useState<Filter>(noFilter);
  const [page, setPage] = useState(1);
  const [order, setOrder] = useState<Order<Item>>();
  const list = useApi<Answered<Item>>(filter.vhost === '' ? path : [...path, filter.vhost], {
    isLive,
    query: {
      page,
      page_size: pageSize,
      name: filter.name,
      use_regex: filter.isRegex || undefined,
      sort: order?.sortingColumn.sortingField,
      sort_reverse: order?.isDescending || undefined,
    },
  });
  const { data, error } = list;
  const isBehind = error?.name === 'page_out_of_range';
  useEffect(() => {
    // Objects were deleted meanwhile, or the filter became narrower.
    if (isBehind) setPage(1);
  }, [isBehind]);
  return (
    <ListView
      {...props}
      listed={
        data && {
          items: data.items,
          filteredCount: data.filtered_count,
          totalCount: data.total_count,
          pageCount: data.page_count,
        }
      }
      error={isBehind ? null : error}
      isLoading={list.isLoading}
      page={page}
      order={order}
      onPage={setPage}
      onOrder={(next) => {
        setOrder(next);
        setPage(1);
      }}
      onRefresh={() => void list.refetch()}
      filter={
        hasFilter && (
          <ListFilter
            what={title.toLowerCase()}
            hasVhosts={isOfVhosts}
            filter={filter}
            onChange={(next) => {
              setFilter(next);
              setPage(1);
            }}
          />
        )
      }
    />
  );
}
