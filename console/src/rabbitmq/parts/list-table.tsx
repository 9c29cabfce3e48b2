// A list of the broker: one page at a time, filtered and sorted by the broker.

import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import Pagination from '@cloudscape-design/components/pagination';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table, { type TableProps } from '@cloudscape-design/components/table';
import { type ReactNode, useEffect, useState } from 'react';
import { ErrorAlert } from '../../parts/error-alert.tsx';
import { useApi } from '../use-api.ts';
import { type Filter, ListFilter, noFilter } from './list-filter.tsx';
import { countText } from './numbers.ts';

/** Number of items on a page. The broker permits 500. */
const pageSize = 50;

/** A page of a list as the management API answers it. */
interface Listed<Item> {
  readonly items: readonly Item[];
  readonly filtered_count: number;
  readonly total_count: number;
  readonly page_count: number;
}

/** A column. `sortingField` is the name by which the broker sorts. */
export type Column<Item> = TableProps.ColumnDefinition<Item>;

interface ListTableProps<Item> {
  readonly title: string;
  readonly description?: ReactNode;
  /** The parts of the path. The first one says what to read again after a change. */
  readonly path: readonly string[];
  readonly columns: readonly Column<Item>[];
  readonly idOf: (item: Item) => string;
  /** What is shown if there is nothing. */
  readonly empty: string;
  readonly actions?: ReactNode;
  /** Whether the table is what the page is about. */
  readonly isPage?: boolean;
  /** Whether the list can be restricted to a virtual host, as a further part of the path. */
  readonly isOfVhosts?: boolean;
  readonly hasFilter?: boolean;
  readonly isLive?: boolean;
}

/** Shows a list of the broker, a page at a time. */
export function ListTable<Item>(props: ListTableProps<Item>) {
  const { title, description, path, columns, idOf, empty, actions } = props;
  const { isPage = false, isOfVhosts = false, hasFilter = true, isLive = true } = props;
  const [filter, setFilter] = useState<Filter>(noFilter);
  const [page, setPage] = useState(1);
  const [order, setOrder] = useState<TableProps.SortingState<Item>>();
  const list = useApi<Listed<Item>>(filter.vhost === '' ? path : [...path, filter.vhost], {
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
  useEffect(() => {
    // Objects were deleted meanwhile, or the filter became narrower.
    if (error?.name === 'page_out_of_range') setPage(1);
  }, [error]);
  const counter =
    data === undefined
      ? ''
      : data.filtered_count === data.total_count
        ? `(${countText(data.total_count)})`
        : `(${countText(data.filtered_count)} of ${countText(data.total_count)})`;
  return (
    <SpaceBetween size="m">
      {error?.name !== 'page_out_of_range' && <ErrorAlert error={error} />}
      <Table
        items={data?.items ?? []}
        columnDefinitions={columns}
        trackBy={idOf}
        loading={list.isLoading}
        loadingText="Loading"
        resizableColumns
        wrapLines
        enableKeyboardNavigation
        {...(order && { sortingColumn: order.sortingColumn })}
        sortingDescending={order?.isDescending ?? false}
        onSortingChange={({ detail }) => {
          setOrder(detail);
          setPage(1);
        }}
        ariaLabels={{ tableLabel: title, resizerRoleDescription: 'Column width' }}
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
        header={
          <Header
            variant={isPage ? 'h1' : 'h2'}
            counter={counter}
            description={description}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button
                  iconName="refresh"
                  ariaLabel={`Read ${title.toLowerCase()} again`}
                  onClick={() => void list.refetch()}
                />
                {actions}
              </SpaceBetween>
            }
          >
            {title}
          </Header>
        }
        empty={
          <Box textAlign="center" color="inherit" padding={{ vertical: 's' }}>
            {error ? 'The list could not be read.' : empty}
          </Box>
        }
        pagination={
          <Pagination
            currentPageIndex={page}
            pagesCount={Math.max(1, data?.page_count ?? 1)}
            onChange={({ detail }) => setPage(detail.currentPageIndex)}
            ariaLabels={{
              nextPageLabel: 'Next page',
              previousPageLabel: 'Previous page',
              pageLabel: (number) => `Page ${number}`,
            }}
          />
        }
      />
    </SpaceBetween>
  );
}
